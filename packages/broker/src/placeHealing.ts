import { ackWaitMs, isTerminalEvent, type PlaceHolder } from '@longhaul/proto';
import type { Broker } from './broker.ts';
import { lastEvent } from './eventChain.ts';
import { askHolder } from './holderQuestion.ts';

/** A place that was reserved for a start, and the start did not come: its gateway died in between. */
const reservedForMs = 30_000;
/** Of how many places of one executor it is asked at a time: those who wait ask often, and a limit may have hundreds. */
const askedAtOnce = 8;
/** What is remembered of silent executors at most. */
const rememberedMost = 1_000;

/**
 * Finds out which holders of places are over: their executor is gone, or has let go without saying so. Nobody renews
 * anything while all goes well; only who meets a full limit looks.
 *
 * - A place for an attempt is over when its executor says that it does not work on the task, or is not heard of for as
 *   long as it takes to count as lost (`ackWaitMs`): its request is delivered again then, and takes a place anew.
 * - A place for the whole task is over when the task has ended and its executor does not hold it, or when it was
 *   reserved and never started.
 */
export class PlaceHealing {
  readonly #broker: Broker;
  /** Since when an executor is silent. */
  readonly #silentSince = new Map<string, number>();

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * Of some holders, those that are over. Of an executor that has many places some are asked for at a time, at random:
   * where it is silent, all of its places are over.
   */
  async over(holders: readonly PlaceHolder[], nowMs: number): Promise<readonly PlaceHolder[]> {
    const groups = Map.groupBy(holders, ({ executor, keeps }) => `${keeps} ${executor ?? ''}`);
    const found = await Promise.all([...groups.values()].map(group => this.#overOf(group, nowMs)));
    return found.flat();
  }

  /** @param group holders of one executor, that keep their places equally long */
  async #overOf(group: readonly PlaceHolder[], nowMs: number): Promise<readonly PlaceHolder[]> {
    const asked = group.toSorted(() => Math.random() - 0.5).slice(0, askedAtOnce);
    const answers = await Promise.all(asked.map(holder => this.#look(holder, nowMs)));
    if (answers.includes('executor is gone')) return group.filter(({ keeps }) => keeps === 'attempt');
    return asked.filter((_holder, at) => answers[at] === 'over');
  }

  async #look(holder: PlaceHolder, nowMs: number): Promise<'over' | 'held' | 'executor is gone'> {
    const { executor, keeps, id } = holder;
    const hasEnded = keeps === 'task' && (await this.#hasEnded(holder, nowMs));
    if (keeps === 'task' && !hasEnded) return 'held';
    if (executor === undefined) return hasEnded ? 'over' : 'held';
    const answer = await askHolder(this.#broker, executor, id);
    if (answer !== 'silent') {
      this.#silentSince.delete(executor);
      return answer === 'lets go' ? 'over' : 'held';
    }
    if (!this.#isSilentForLong(executor, nowMs)) return 'held';
    return hasEnded ? 'over' : 'executor is gone';
  }

  #isSilentForLong(executor: string, nowMs: number): boolean {
    const sinceMs = this.#silentSince.get(executor);
    if (sinceMs !== undefined) return nowMs - sinceMs >= ackWaitMs;
    const oldest = this.#silentSince.keys().next();
    if (this.#silentSince.size >= rememberedMost && !oldest.done) this.#silentSince.delete(oldest.value);
    this.#silentSince.set(executor, nowMs);
    return false;
  }

  async #hasEnded({ id, name, at }: PlaceHolder, nowMs: number): Promise<boolean> {
    const last = await lastEvent(this.#broker, { id, name });
    // Nothing follows a terminal event: if the task has one, it is the last.
    if (last) return isTerminalEvent(last.event);
    if (nowMs - Date.parse(at) < reservedForMs) return false;
    const { jsm, topology } = this.#broker;
    for (const subject of [topology.subjects.requestOf(id), topology.subjects.scheduleOf(id)]) {
      const request = await jsm.streams.getMessage(topology.requestStream, { last_by_subj: subject });
      if (request) return false;
    }
    return true;
  }
}
