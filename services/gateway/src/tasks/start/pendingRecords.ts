import { isUnavailable, pace } from '@longhaul/broker';
import type { TaskRecord } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { RecordIndex } from '../../records/recordIndex.ts';
import type { RecordStore } from '../../records/recordStore.ts';

/**
 * The delay before a new task's record is written. A task that has started by then needs no PENDING record, and an earlier
 * put would race the projection's put. Other gateways list the task this much later.
 */
const writeBehindMs = 100;
/** Smaller records are written without a look at how many there are. */
const pacedBytes = 16 * 1024;
/** The delay before a failed write is tried again. */
const retryDelayMs = 500;

type Waiting = { readonly record: TaskRecord; readonly bytes: number };

/**
 * Writes the PENDING records of accepted tasks after their start. Only lists need them: a read finds the request itself,
 * and a lost record is replaced with the task's first event, which contains the request.
 */
export class PendingRecords {
  readonly #store: RecordStore;
  readonly #index: RecordIndex;
  readonly #logger: Logger;
  #waiting: Waiting[] = [];
  /** Records that wait or are being written. */
  readonly #unwritten = new Map<string, TaskRecord>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: RecordStore, index: RecordIndex, logger: Logger) {
    this.#store = store;
    this.#index = index;
    this.#logger = logger;
  }

  /**
   * The initial record of a task that this gateway has accepted and whose record it has not written yet. Later changes are
   * in its events.
   */
  get(id: string): TaskRecord | undefined {
    return this.#unwritten.get(id);
  }

  /** @param bytes how large the record's request was; large ones are written in turns */
  add(record: TaskRecord, bytes = 0): void {
    this.#unwritten.set(record.id, record);
    this.#index.anticipate(record);
    this.#waiting.push({ record, bytes });
    this.#schedule(writeBehindMs);
  }

  /** Writes the waiting records. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    await this.#write();
  }

  #schedule(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // Together with writes under way, so that `stop` waits for all of them.
      this.#writing = Promise.all([this.#writing, this.#write()]).then(() => {});
    }, delayMs);
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    await Promise.all(
      waiting.map(async ({ record, bytes }) => {
        try {
          if (bytes > pacedBytes) await pace(bytes);
          if ((this.#index.revisionOf(record.id) ?? 0) === 0) await this.#put(record);
          this.#unwritten.delete(record.id);
        } catch (err) {
          if (isUnavailable(err)) {
            this.#waiting.push({ record, bytes });
            this.#schedule(retryDelayMs);
          } else {
            this.#unwritten.delete(record.id);
            this.#logger.error({ err, taskId: record.id }, 'the record of a new task could not be written');
          }
        }
      }),
    );
  }

  async #put(record: TaskRecord): Promise<void> {
    // Expects that the key was never written: refused if a fold of the task's events is stored already.
    const revision = await this.#store.put(record, 0);
    if (revision !== undefined) this.#index.wrote(record, revision);
  }
}
