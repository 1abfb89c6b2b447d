import { type Broker, findAccepted, isUnavailable } from '@longhaul/broker';
import type { ChildLink, TaskRecord } from '@longhaul/proto/wire';
import pMap from 'p-map';
import type { Logger } from 'pino';
import type { RecordIndex } from '../../records/recordIndex.ts';
import type { PendingRecords } from './pendingRecords.ts';

/** How many requests of children are read at a time. */
const concurrency = 16;
/** When a child's request is read: it follows its link at once, unless a large input is stored before. */
const readAfterMs = [100, 1_000, 5_000];

/**
 * Writes the PENDING records of tasks that handlers have started, so that lists show a child before it runs, and its time
 * limits and its parent's end are enforced. Executors only publish the requests, so that they need no permission to write
 * records.
 *
 * The gateway that folds the parent's events does this. If it dies, or the request arrives later than it is expected here,
 * the child gets its record by its first event or at the next scan of the queue (see `Orphans`).
 */
export class ChildRecords {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #index: RecordIndex;
  readonly #pending: PendingRecords;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(broker: Broker, logger: Logger, index: RecordIndex, pending: PendingRecords) {
    this.#broker = broker;
    this.#logger = logger;
    this.#index = index;
    this.#pending = pending;
  }

  /** Processes the change of a parent's record by a fold. */
  folded(before: TaskRecord | undefined, after: TaskRecord): void {
    const known = before?.children?.length ?? 0;
    const added = after.children?.slice(known) ?? [];
    if (added.length > 0) this.#readLater(added, 0);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #readLater(children: readonly ChildLink[], round: number): void {
    const delayMs = readAfterMs[round];
    if (delayMs === undefined) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#read(children, round);
    }, delayMs);
    timer.unref();
    this.#timers.add(timer);
  }

  async #read(children: readonly ChildLink[], round: number): Promise<void> {
    const missing: ChildLink[] = [];
    await pMap(
      children,
      async child => {
        // A child that has started has a record from its events.
        if (this.#index.get(child.id)) return;
        try {
          const record = await findAccepted(this.#broker, child.id);
          if (!record) missing.push(child);
          else if (isWaiting(record) && !this.#index.get(child.id)) this.#pending.add(record);
        } catch (err) {
          missing.push(child);
          if (!isUnavailable(err))
            this.#logger.warn({ err, taskId: child.id }, 'the request of a child could not be read');
        }
      },
      { concurrency },
    );
    if (missing.length > 0) this.#readLater(missing, round + 1);
  }
}

const isWaiting = ({ attempt, status }: TaskRecord) =>
  attempt === 0 && (status === 'PENDING' || status === 'SCHEDULED');
