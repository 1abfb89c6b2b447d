import { type Broker, findAccepted, isUnavailable } from '@longhaul/broker';
import type { TaskStatus } from '@longhaul/proto';
import { isTerminal, type ParentLink, type TaskRecord } from '@longhaul/proto/wire';
import pMap from 'p-map';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';

/** How many children are canceled at a time: each cancel takes some round trips, and up to seconds of waiting. */
const concurrency = 32;
/**
 * The gateway that wrote a record acts on it at once; the others after this long, and only on what is left then: they
 * are there for the case that the first one has died.
 */
const othersWaitMs = 1_000;
/** After so long a parent that is in no list is looked for in its chain: its record may be on its way, or expired. */
const unknownParentMs = 5_000;
/** What could not be canceled is tried again after this long. */
const retryDelayMs = 1_000;

type Child = { readonly owner: string; readonly parent: ParentLink; readonly isStopping: boolean };

export type ChildCancellationDeps = {
  readonly broker: Broker;
  readonly logger: Logger;
  /** The status of a task as the index has it; `undefined`: it is not in there. */
  readonly statusOf: (id: string) => TaskStatus | undefined;
  readonly cancel: (caller: Caller, id: string, reason: string) => Promise<unknown>;
};

/**
 * Cancels the children of tasks that have ended, however they ended, or are being canceled; not those that are
 * detached.
 *
 * Every gateway does it for all tasks, from what the records say, so it outlives any process: a gateway that starts
 * reads all records first. That no child slips through, whatever comes first, is seen here, where records arrive one
 * after the other: a child whose parent is over by then is canceled when the child arrives, and one that arrived before
 * its parent was over is canceled when that arrives. A child without a record gets one by its first event at the latest.
 * Canceling what has ended or is canceled already changes nothing, so gateways need not agree on who does it.
 */
export class ChildCancellation {
  readonly #deps: ChildCancellationDeps;
  /** The children that have not ended, by parent. */
  readonly #byParent = new Map<string, Map<string, Child>>();
  /** Why parents were canceled, as long as they have children here. */
  readonly #reasons = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(deps: ChildCancellationDeps) {
    this.#deps = deps;
  }

  /** How many children are kept in mind. */
  get size(): number {
    let size = 0;
    for (const children of this.#byParent.values()) size += children.size;
    return size;
  }

  /**
   * Takes note of a record as it is now.
   * @param isOurs whether this gateway has written it
   */
  update(record: TaskRecord, isOurs: boolean): void {
    this.#updateChild(record, isOurs);
    if (!isOver(record.status) || !this.#byParent.has(record.id)) return;
    if (record.cancelReason !== undefined) this.#reasons.set(record.id, record.cancelReason);
    this.#soon(() => this.#cancelChildrenOf(record.id), isOurs ? 0 : othersWaitMs);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #updateChild({ id, owner, parent, status }: TaskRecord, isOurs: boolean): void {
    if (!parent || parent.detached) return;
    if (isTerminal(status)) {
      this.#forget(parent.id, id);
      return;
    }
    const siblings = this.#byParent.get(parent.id) ?? new Map<string, Child>();
    const isNew = !siblings.has(id);
    this.#byParent.set(parent.id, siblings.set(id, { owner, parent, isStopping: status === 'STOPPING' }));
    if (!isNew) return;
    const parentStatus = this.#deps.statusOf(parent.id);
    if (parentStatus === undefined) this.#soon(() => this.#lookForParent(parent), unknownParentMs);
    else if (isOver(parentStatus))
      this.#soon(() => this.#cancelChildrenOf(parent.id), isOurs ? 0 : othersWaitMs);
  }

  #forget(parentId: string, id: string): void {
    const siblings = this.#byParent.get(parentId);
    siblings?.delete(id);
    if (siblings?.size !== 0) return;
    this.#byParent.delete(parentId);
    this.#reasons.delete(parentId);
  }

  /** Of a parent without a record: it is not written yet, or the task ended so long ago that it has expired. */
  async #lookForParent(parent: ParentLink): Promise<void> {
    if (!this.#byParent.has(parent.id)) return;
    const known = this.#deps.statusOf(parent.id);
    const status = known ?? (await findAccepted(this.#deps.broker, parent.id))?.status;
    if (status !== undefined && isOver(status)) await this.#cancelChildrenOf(parent.id);
  }

  async #cancelChildrenOf(parentId: string): Promise<void> {
    const left = [...(this.#byParent.get(parentId) ?? [])].filter(([, { isStopping }]) => !isStopping);
    const why = this.#reasons.get(parentId);
    let failed = 0;
    await pMap(
      left,
      async ([id, { owner, parent }]) => {
        const reason = `The task that started it, ${parent.name} ${parentId}, is over${why === undefined ? '' : `: ${why}`}`;
        try {
          // Whoever owns the parent owns the child.
          if (!this.#stopped) await this.#deps.cancel({ owner, role: 'user' }, id, reason.slice(0, 1_000));
        } catch (err) {
          failed += 1;
          if (!isUnavailable(err))
            this.#deps.logger.warn({ err, taskId: id }, 'a child of an ended task could not be canceled');
        }
      },
      { concurrency },
    );
    if (failed > 0) this.#soon(() => this.#cancelChildrenOf(parentId), retryDelayMs);
  }

  #soon(act: () => Promise<void>, delayMs: number): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act().catch((err: unknown) => {
        if (!isUnavailable(err))
          this.#deps.logger.error({ err }, 'the children of an ended task were not seen to');
        this.#soon(act, retryDelayMs);
      });
    }, delayMs);
    timer.unref();
    this.#timers.add(timer);
  }
}

/** Whether nothing of a task goes on: what is STOPPING is never begun again. */
function isOver(status: TaskStatus): boolean {
  return isTerminal(status) || status === 'STOPPING';
}
