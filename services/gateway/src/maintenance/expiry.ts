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
 * How long after a limit a gateway acts. Executors keep the limits themselves; this is for tasks that none of them
 * has. An executor that took the task in time has said so in the log by then, so the append below is refused.
 */
const marginMs = 2_000;
/** While NATS does not answer, a due task is looked at again after this long. */
const retryDelayMs = 1_000;
/** What a timer can wait for. */
const longestTimerMs = 2 ** 31 - 1;

type Due = { readonly dueMs: number; readonly record: TaskRecord };

/**
 * Ends tasks whose time is over while no executor has them: not begun by `startBy`, or past the end of their total
 * time. Every gateway does it for all tasks; the event log lets one through (invariant 2, ends-once).
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

  /** Takes note of a record as it is now. */
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

  /** When to look at a task, in milliseconds since the epoch; `undefined`: it has no limit, or an executor keeps it. */
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
    const waitMs = Math.min(longestTimerMs, Math.max(0, nextMs - Date.now()));
    this.#timer = setTimeout(() => void this.#endDue(), waitMs);
    this.#timer.unref();
  }

  async #endDue(): Promise<void> {
    const nextMs = this.#sorted.minKey();
    if (nextMs === undefined || nextMs > Date.now()) {
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
      // An executor has it, and keeps the limits: whoever takes it over after a loss looks at them as well.
      if (isRunning(end.state.status)) return;
      const { maxLosses } = policy;
      const limits = { maxLosses, deadlineMs: deadlineOf(policy, task), startBy: task.startBy };
      const claim = decideClaim(end.state, limits, Date.now());
      if (claim.do !== 'fail') return;
      const change = { type: 'failed', at: new Date().toISOString(), error: claim.error } as const;
      await appendLifecycle(this.#broker, task, requestOfRecord(task), end, change);
      await removeRequest(this.#broker, task.id);
    } catch (err) {
      // Another gateway was faster, or an executor took it at the last moment.
      if (isWrongLastSequence(err)) return;
      if (!isUnavailable(err))
        this.#logger.error({ err, taskId: task.id }, 'a task whose time is over could not be ended');
      else setTimeout(() => this.update(task), retryDelayMs).unref();
    }
  }
}
