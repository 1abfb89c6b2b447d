import { ackWaitMs, isTerminalEvent, type PermitHolder } from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';
import type { Broker } from './broker.ts';
import { askHolder } from './holderQuestion.ts';
import { lastLifecycle } from './readEventLog.ts';

/** A permit that was reserved for a start, and the start did not come: its gateway died in between. */
const reservedForMs = 30_000;
/** Of how many permits of one executor it is asked at a time: those who wait ask often, and a limit may have hundreds. */
const askedAtOnce = 8;
/**
 * Two silences that lie further apart prove nothing together: no one may have asked in between, and the executor may have
 * been well.
 */
const silencesApartMs = 15_000;
const silentMost = 1_000;

/**
 * Finds the holders of permits that have ended: their executor is gone, or has ended the attempt without releasing the permit. Nobody renews
 * anything while all goes well; only who meets a full limit looks.
 *
 * - A permit for an attempt is over when its executor says that it does not work on the task, or is not heard of for as
 *   long as it takes to count as lost (`ackWaitMs`): its request is delivered again then, and acquires a permit again.
 * - A permit for the whole task is over when the task has ended and its executor does not hold it, or when it was
 *   reserved and never started.
 */
export class PermitHealing {
  readonly #broker: Broker;
  /** Since when executors are silent, and when that was last seen. */
  readonly #silences = new LRUCache<string, { readonly sinceMs: number; readonly lastMs: number }>({
    max: silentMost,
  });

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * Of some holders, those that are over. Of an executor that has many permits some are asked for at a time, at random:
   * where it is silent, all of its permits are over.
   */
  async over(holders: readonly PermitHolder[], nowMs: number): Promise<readonly PermitHolder[]> {
    const groups = Map.groupBy(holders, ({ executor, keeps }) => `${keeps} ${executor ?? ''}`);
    const found = await Promise.all([...groups.values()].map(group => this.#overOf(group, nowMs)));
    return found.flat();
  }

  /** @param group holders of one executor, that keep their permits equally long */
  async #overOf(group: readonly PermitHolder[], nowMs: number): Promise<readonly PermitHolder[]> {
    const asked = group.toSorted(() => Math.random() - 0.5).slice(0, askedAtOnce);
    const answers = await Promise.all(asked.map(holder => this.#look(holder, nowMs)));
    if (answers.includes('executor is gone')) return group.filter(({ keeps }) => keeps === 'attempt');
    return asked.filter((_holder, at) => answers[at] === 'over');
  }

  async #look(holder: PermitHolder, nowMs: number): Promise<'over' | 'held' | 'executor is gone'> {
    const { executor, keeps, id } = holder;
    const endedAtMs = keeps === 'task' ? await this.#endedAtMs(holder, nowMs) : undefined;
    if (keeps === 'task' && endedAtMs === undefined) return 'held';
    if (executor === undefined) return endedAtMs === undefined ? 'held' : 'over';
    const answer = await askHolder(this.#broker, executor, id);
    if (answer !== 'silent') {
      this.#silences.delete(executor);
      return answer === 'lets go' ? 'over' : 'held';
    }
    if (endedAtMs !== undefined) return nowMs - endedAtMs >= ackWaitMs ? 'over' : 'held';
    return this.#isSilentForLong(executor, nowMs) ? 'executor is gone' : 'held';
  }

  #isSilentForLong(executor: string, nowMs: number): boolean {
    const known = this.#silences.get(executor);
    const sinceMs = known && nowMs - known.lastMs <= silencesApartMs ? known.sinceMs : nowMs;
    this.#silences.set(executor, { sinceMs, lastMs: nowMs });
    return nowMs - sinceMs >= ackWaitMs;
  }

  /** When a task ended that has a permit to its end; one that was reserved and never started: when it was reserved. */
  async #endedAtMs({ id, name, at }: PermitHolder, nowMs: number): Promise<number | undefined> {
    const last = await lastLifecycle(this.#broker, { id, name });
    // Nothing follows a terminal event: if the task has one, it is the last.
    if (last) return isTerminalEvent(last.event) ? Date.parse(last.event.at) : undefined;
    const reservedAtMs = Date.parse(at);
    if (nowMs - reservedAtMs < reservedForMs) return undefined;
    const { jsm, topology } = this.#broker;
    for (const subject of [topology.subjects.requestOf(id), topology.subjects.scheduleOf(id)]) {
      const request = await jsm.streams.getMessage(topology.requestStream, { last_by_subj: subject });
      if (request) return undefined;
    }
    return reservedAtMs;
  }
}
