import { type Broker, findAccepted, isUnavailable } from '@longhaul/broker';
import type { TaskStatus } from '@longhaul/proto';
import { isTerminal, type ParentLink, type TaskRecord } from '@longhaul/proto/wire';
import pMap from 'p-map';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';

/** How many children are canceled at a time. A cancel takes some round trips, and waits for seconds in the worst case. */
const concurrency = 32;
/**
 * The gateway that wrote a record acts on it at once. The others act after this delay on the children that are left, in
 * case the first gateway has died.
 */
const otherGatewaysDelayMs = 1_000;
/** The delay before a parent without a record is read from its event log: its record may not be written yet, or has expired. */
const unknownParentDelayMs = 5_000;
/** The delay before a failed cancel is tried again. */
const retryDelayMs = 1_000;

type Child = { readonly owner: string; readonly parent: ParentLink; readonly isStopping: boolean };

export type ChildCancellationDeps = {
  readonly broker: Broker;
  readonly logger: Logger;
  /** The status of a task in the index; `undefined`: the index does not have the task. */
  readonly statusOf: (id: string) => TaskStatus | undefined;
  readonly cancel: (caller: Caller, id: string, reason: string) => Promise<unknown>;
};

/**
 * Cancels the children of tasks that have ended in any way or are being canceled. Detached children are not canceled.
 *
 * Every gateway does this for all tasks, from their records, so it survives the loss of any process: a gateway that starts
 * reads all records first. No child is missed in any order of arrival, since records arrive here one after the other: a
 * child whose parent is over is canceled when the child's record arrives, and a child that arrived earlier is canceled
 * when the record of its ended parent arrives. Every child gets a record, by its first event at the latest. Canceling a
 * task that has ended or is canceled already changes nothing, so gateways need not agree on which of them does it.
 */
export class ChildCancellation {
  readonly #deps: ChildCancellationDeps;
  /** The children that have not ended, by parent. */
  readonly #byParent = new Map<string, Map<string, Child>>();
  /** The reasons why parents were canceled, as long as they have active children. */
  readonly #reasons = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(deps: ChildCancellationDeps) {
    this.#deps = deps;
  }

  /** How many active children are tracked. */
  get size(): number {
    let size = 0;
    for (const children of this.#byParent.values()) size += children.size;
    return size;
  }

  /**
   * Processes the current record of a task.
   * @param isOurs whether this gateway has written it
   */
  update(record: TaskRecord, isOurs: boolean): void {
    this.#updateChild(record, isOurs);
    if (!isEnding(record.status) || !this.#byParent.has(record.id)) return;
    if (record.cancelReason !== undefined) this.#reasons.set(record.id, record.cancelReason);
    this.#schedule(() => this.#cancelChildrenOf(record.id), isOurs ? 0 : otherGatewaysDelayMs);
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
    if (parentStatus === undefined) this.#schedule(() => this.#checkParent(parent), unknownParentDelayMs);
    else if (isEnding(parentStatus))
      this.#schedule(() => this.#cancelChildrenOf(parent.id), isOurs ? 0 : otherGatewaysDelayMs);
  }

  #forget(parentId: string, id: string): void {
    const siblings = this.#byParent.get(parentId);
    siblings?.delete(id);
    if (siblings?.size !== 0) return;
    this.#byParent.delete(parentId);
    this.#reasons.delete(parentId);
  }

  /** For a parent without a record: it is not written yet, or the parent ended so long ago that its record has expired. */
  async #checkParent(parent: ParentLink): Promise<void> {
    if (!this.#byParent.has(parent.id)) return;
    const known = this.#deps.statusOf(parent.id);
    const status = known ?? (await findAccepted(this.#deps.broker, parent.id))?.status;
    if (status !== undefined && isEnding(status)) await this.#cancelChildrenOf(parent.id);
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
          // A child has the owner of its parent.
          if (!this.#stopped) await this.#deps.cancel({ owner, role: 'user' }, id, reason.slice(0, 1_000));
        } catch (err) {
          failed += 1;
          if (!isUnavailable(err))
            this.#deps.logger.warn({ err, taskId: id }, 'a child of an ended task could not be canceled');
        }
      },
      { concurrency },
    );
    if (failed > 0) this.#schedule(() => this.#cancelChildrenOf(parentId), retryDelayMs);
  }

  #schedule(action: () => Promise<void>, delayMs: number): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action().catch((err: unknown) => {
        if (!isUnavailable(err))
          this.#deps.logger.error(
            { err },
            'the children of an ended task could not be canceled; trying again',
          );
        this.#schedule(action, retryDelayMs);
      });
    }, delayMs);
    timer.unref();
    this.#timers.add(timer);
  }
}

/** Whether a task has ended or is about to: a task that is STOPPING never starts another attempt. */
function isEnding(status: TaskStatus): boolean {
  return isTerminal(status) || status === 'STOPPING';
}
