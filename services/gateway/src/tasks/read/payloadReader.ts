import { PayloadError, type PayloadStore } from '@longhaul/broker';
import { GatewayError, type PayloadRef, type TaskRecord } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { Watched } from '../watch/watchTask.ts';
import { ByteBudget } from './byteBudget.ts';

/**
 * How many bytes of payloads are read at a time. During a read its bytes, its text and its values are in memory, about
 * four times its size. Without a limit, a hundred watchers of a task with a large output would read it a hundred times at
 * once.
 */
const budgetBytes = 128 * 1024 * 1024;

/** Replaces references to large payloads by the payloads. */
export class PayloadReader {
  readonly #payloads: PayloadStore;
  readonly #logger: Logger;
  readonly #budget = new ByteBudget(budgetBytes);

  constructor(payloads: PayloadStore, logger: Logger) {
    this.#payloads = payloads;
    this.#logger = logger;
  }

  /**
   * A record with its input and output.
   *
   * An input that is no longer kept is left out and named in `omitted`, since the rest of the record is still useful.
   * @throws GatewayError PAYLOAD_EXPIRED, PAYLOAD_DAMAGED, PAYLOAD_TOO_LARGE, of the output
   */
  async whole(record: TaskRecord): Promise<TaskRecord> {
    return this.withOutput(await this.#withInput(record));
  }

  /** A record with its output. @throws GatewayError PAYLOAD_EXPIRED, PAYLOAD_DAMAGED, PAYLOAD_TOO_LARGE */
  async withOutput(record: TaskRecord): Promise<TaskRecord> {
    const { outputRef, ...rest } = record;
    if (!outputRef) return record;
    return { ...rest, output: await this.read(outputRef, `The output of task ${record.id}`) };
  }

  /** What a watcher sees, with its payloads. @throws GatewayError see `whole` */
  async *watched(items: AsyncIterable<Watched>): AsyncGenerator<Watched, void, void> {
    for await (const item of items) yield await this.#ofWatched(item);
  }

  /**
   * Reads a payload.
   *
   * @param what what the payload is, for the error message
   * @throws GatewayError PAYLOAD_EXPIRED, PAYLOAD_DAMAGED, PAYLOAD_TOO_LARGE
   */
  async read(ref: PayloadRef, what: string): Promise<unknown> {
    try {
      return await this.#budget.spend(ref.bytes, () => this.#payloads.get(ref));
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      if (error.code === 'PAYLOAD_DAMAGED') this.#logger.error({ err: error }, 'a stored payload is damaged');
      throw asGatewayError(error, what);
    }
  }

  async #withInput(record: TaskRecord): Promise<TaskRecord> {
    const { inputRef, ...rest } = record;
    if (!inputRef) return record;
    try {
      return { ...rest, input: await this.read(inputRef, `The input of task ${record.id}`) };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return { ...record, omitted: [...(record.omitted ?? []), 'input'] };
    }
  }

  async #ofWatched(item: Watched): Promise<Watched> {
    if (item.kind === 'snapshot') return { ...item, record: await this.whole(item.record) };
    if (item.kind === 'dropped') return item;
    const { stored } = item;
    if (stored.event.type !== 'completed' || !stored.event.outputRef) return item;
    const { outputRef, ...event } = stored.event;
    const output = await this.read(outputRef, `The output of task ${stored.id}`);
    return { ...item, stored: { ...stored, event: { ...event, output } } };
  }
}

function asGatewayError(cause: PayloadError, what: string): GatewayError {
  switch (cause.code) {
    case 'PAYLOAD_MISSING':
      return new GatewayError('PAYLOAD_EXPIRED', `${what} is no longer kept. Run the task again.`, { cause });
    case 'PAYLOAD_DAMAGED':
      return new GatewayError(
        'PAYLOAD_DAMAGED',
        `${what} is damaged in the object store. Check its storage, and run the task again.`,
        { cause },
      );
    case 'PAYLOAD_TOO_LARGE':
      return new GatewayError(
        'PAYLOAD_TOO_LARGE',
        `${what} is larger than the limit of this gateway: ${cause.message} Set the same payload limit at gateways and executors.`,
        { cause },
      );
  }
}
