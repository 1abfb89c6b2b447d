import { ackWaitMs, isTerminalEvent, type PlaceHolder } from '@longhaul/proto';
import type { Broker } from './broker.ts';
import { lastEvent } from './eventChain.ts';
import { askHolder } from './holderQuestion.ts';

/** A place that was reserved for a start, and the start did not come: its gateway died in between. */
const reservedForMs = 30_000;
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

  /** Of some holders, those that are over. */
  async over(holders: readonly PlaceHolder[], nowMs: number): Promise<readonly PlaceHolder[]> {
    const found = await Promise.all(
      holders.map(async holder => ((await this.#isOver(holder, nowMs)) ? [holder] : [])),
    );
    return found.flat();
  }

  async #isOver(holder: PlaceHolder, nowMs: number): Promise<boolean> {
    if (holder.keeps === 'task' && !(await this.#hasEnded(holder, nowMs))) return false;
    if (holder.executor === undefined) return holder.keeps === 'task';
    const answer = await askHolder(this.#broker, holder.executor, holder.id);
    if (answer !== 'silent') {
      this.#silentSince.delete(holder.executor);
      return answer === 'lets go';
    }
    const sinceMs = this.#silentSince.get(holder.executor);
    if (sinceMs === undefined) {
      const oldest = this.#silentSince.keys().next();
      if (this.#silentSince.size >= rememberedMost && !oldest.done) this.#silentSince.delete(oldest.value);
      this.#silentSince.set(holder.executor, nowMs);
      return false;
    }
    return nowMs - sinceMs >= ackWaitMs;
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
