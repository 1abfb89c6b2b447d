import {
  appendLifecycle,
  type Broker,
  isUnavailable,
  isWrongLastSequence,
  readLogEnd,
} from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import {
  deadlineOf,
  decideClaim,
  isRunning,
  isTerminal,
  policyOf,
  requestOfRecord,
  stateOfRequest,
  type TaskRecord,
} from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import BTreeModule from 'sorted-btree';
import { removeRequest } from '../tasks/steer/cancelTask.ts';

// The package is CommonJS: its default export arrives as a property of Node's default import.
const BTree = BTreeModule.default;

/**
 * How long after a limit a gateway acts. Executors enforce the limits themselves; this is for tasks that no executor has.
 * An executor that claimed the task in time has appended an event by then, so the append below is refused.
 */
const marginMs = 2_000;
/** The delay before a due task is tried again while NATS does not answer. */
const retryDelayMs = 1_000;
/** The longest delay of a Node timer. */
const maxTimerMs = 2 ** 31 - 1;

type Due = { readonly dueMs: number; readonly record: TaskRecord };

/**
 * Ends tasks whose time limit has passed while no executor has them: no attempt before `startBy`, or the total time is
 * over. Every gateway does this for all tasks; the event log accepts one end (invariant 2, ends-once).
 */
export class Expiry {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #definitions: ReadonlyMap<string, TaskDefinition>;
  readonly #byId = new Map<string, Due>();
  readonly #sorted = new BTree<number, Set<string>>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(broker: Broker, logger: Logger, definitions: ReadonlyMap<string, TaskDefinition>) {
    this.#broker = broker;
    this.#logger = logger;
    this.#definitions = definitions;
  }

  /** Processes the current record of a task. */
  update(record: TaskRecord): void {
    const dueMs = this.#dueOf(record);
    const known = this.#byId.get(record.id);
    if (known && known.dueMs !== dueMs) this.#forget(record.id, known.dueMs);
    if (dueMs === undefined) return;
    this.#byId.set(record.id, { dueMs, record });
    const ids = this.#sorted.get(dueMs) ?? new Set();
    this.#sorted.set(dueMs, ids.add(record.id));
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** When to check a task, in milliseconds since 1970; `undefined`: it has no limit, or an executor enforces it. */
  #dueOf(record: TaskRecord): number | undefined {
    const definition = this.#definitions.get(record.name);
    if (!definition || isTerminal(record.status) || isRunning(record.status) || record.status === 'STOPPING')
      return undefined;
    const startByMs =
      record.attempt === 0 && record.startBy !== undefined
        ? Date.parse(record.startBy)
        : Number.POSITIVE_INFINITY;
    const deadlineMs = deadlineOf(policyOf(definition.policy, record), record) ?? Number.POSITIVE_INFINITY;
    const dueMs = Math.min(startByMs, deadlineMs) + marginMs;
    return Number.isFinite(dueMs) ? dueMs : undefined;
  }

  #forget(id: string, dueMs: number): void {
    this.#byId.delete(id);
    const ids = this.#sorted.get(dueMs);
    ids?.delete(id);
    if (ids?.size === 0) this.#sorted.delete(dueMs);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const nextMs = this.#sorted.minKey();
    if (nextMs === undefined || this.#stopped) return;
    const waitMs = Math.min(maxTimerMs, Math.max(0, nextMs - this.#broker.clock.nowMs()));
    this.#timer = setTimeout(() => void this.#endDue(), waitMs);
    this.#timer.unref();
  }

  async #endDue(): Promise<void> {
    const nextMs = this.#sorted.minKey();
    if (nextMs === undefined || nextMs > this.#broker.clock.nowMs()) {
      this.#schedule();
      return;
    }
    for (const id of [...(this.#sorted.get(nextMs) ?? [])]) {
      const due = this.#byId.get(id);
      this.#forget(id, nextMs);
      if (due) await this.#end(due.record);
    }
    this.#schedule();
  }

  async #end(task: TaskRecord): Promise<void> {
    const definition = this.#definitions.get(task.name);
    if (!definition || this.#stopped) return;
    try {
      const policy = policyOf(definition.policy, task);
      const end = await readLogEnd(this.#broker, task, stateOfRequest(task));
      // An executor has the task and enforces its limits, as does an executor that takes it over after a loss.
      if (isRunning(end.state.status)) return;
      const { maxLosses } = policy;
      const limits = { maxLosses, deadlineMs: deadlineOf(policy, task), startBy: task.startBy };
      const claim = decideClaim(end.state, limits, this.#broker.clock.nowMs());
      if (claim.do !== 'fail') return;
      const change = { type: 'failed', at: this.#broker.clock.now(), error: claim.error } as const;
      await appendLifecycle(this.#broker, task, requestOfRecord(task), end, change);
      await removeRequest(this.#broker, task.id);
    } catch (err) {
      // Another gateway appended the end first, or an executor claimed the task at the last moment.
      if (isWrongLastSequence(err)) return;
      if (!isUnavailable(err))
        this.#logger.error({ err, taskId: task.id }, 'a task whose time limit has passed could not be ended');
      else setTimeout(() => this.update(task), retryDelayMs).unref();
    }
  }
}
