import { askHolder, type Broker, encode, isUnavailable, publishRequest, readLogEnd } from '@longhaul/broker';
import {
  isTerminal,
  requestOfRecord,
  stateOfRequest,
  type TaskRecord,
  type TaskRequest,
  type TaskSummary,
} from '@longhaul/proto/wire';
import pMap from 'p-map';
import type { Logger } from 'pino';
import type { RecordIndex } from '../records/recordIndex.ts';
import type { RecordStore } from '../records/recordStore.ts';
import type { PendingRecords } from '../tasks/start/pendingRecords.ts';

/** How many tasks are looked at at a time. */
const atOnce = 16;
/** Tasks that an executor still runs, or that could not be looked at, are looked at again after this long. */
const againMs = 3_000;
/** Clocks differ, and a start may be under way while a stream is deleted: so much younger tasks are looked at as well. */
const slackMs = 60_000;

type Deps = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly index: RecordIndex;
  readonly store: RecordStore;
  readonly pending: PendingRecords;
};

/**
 * Brings back the requests of unfinished tasks whose stream somebody deleted: a record has all that its request had, so
 * it is published again. Without this such a task would wait for ever (invariant 1, accepted-is-durable).
 *
 * A task of which nothing is left on the queue has ended, and its log says so; else its request was lost, or the log in
 * which its end was. In either case it is run (again), as after any crash: a handler may run twice, and one end counts.
 * While an executor runs it, that one's end is waited for, so that nobody else is given it meanwhile.
 *
 * Every gateway looks; the message id lets one of them through. What nobody had a record of is lost: a start of the last
 * moment, whose gateway died as well, or whose record went with its bucket.
 */
export class LostRequests {
  readonly #deps: Deps;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Looks for lost requests: at start, and whenever the request stream or the event stream was created again. */
  look(): void {
    this.#looking = this.#looking.then(() => this.#lookThrough());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #lookThrough(): Promise<void> {
    const { broker, logger, index } = this.#deps;
    if (this.#stopped) return;
    try {
      const { requestStream, eventStream } = broker.topology;
      const infos = await Promise.all(
        [requestStream, eventStream].map(name => broker.jsm.streams.info(name)),
      );
      const createdMs = infos.map(({ created }) => Date.parse(created));
      const before = Math.max(...createdMs) + slackMs;
      const suspects = [...index.newestFirst()]
        .map(({ summary }) => summary)
        .filter(({ status, createdAt }) => !isTerminal(status) && Date.parse(createdAt) < before);
      const found = await pMap(suspects, summary => this.#lookAt(summary, createdMs.join('-')), {
        concurrency: atOnce,
      });
      const lost = suspects.filter((_summary, at) => found[at] === 'lost').map(({ id }) => id);
      if (lost.length > 0)
        logger.warn(
          { tasks: lost.length, taskIds: lost.slice(0, 20) },
          'requests that were lost are published again',
        );
      if (found.includes('again')) this.#lookAgain();
    } catch (err) {
      if (!isUnavailable(err)) logger.error({ err }, 'lost requests could not be looked for; trying again');
      this.#lookAgain();
    }
  }

  #lookAgain(): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.look(), againMs).unref();
  }

  async #lookAt({ id, owner }: TaskSummary, streams: string): Promise<'well' | 'lost' | 'again'> {
    const { broker, logger, store, pending } = this.#deps;
    if (this.#stopped) return 'well';
    try {
      // In this order: a schedule's message is removed after the request is stored, a request after the task's end is.
      if (await this.#isQueued(id)) return 'well';
      const record = (await store.readFromLeader(owner, id)).record ?? pending.get(id);
      // What the record has left out cannot be published.
      if (!record || isTerminal(record.status) || record.omitted?.includes('input')) return 'well';
      const request = requestOfRecord(record);
      const { state } = await readLogEnd(broker, record, stateOfRequest(request));
      if (isTerminal(state.status)) return 'well';
      const holder = state.executor ?? record.attempts.at(-1)?.executor;
      if (holder !== undefined && (await askHolder(broker, holder, id)) === 'holds') return 'again';
      return (await this.#publish(record, request, `${id}.${streams}`)) ? 'lost' : 'well';
    } catch (err) {
      if (!isUnavailable(err))
        logger.warn({ err, taskId: id }, 'a lost request could not be published again');
      return 'again';
    }
  }

  async #isQueued(id: string): Promise<boolean> {
    const { jsm, topology } = this.#deps.broker;
    for (const subject of [topology.subjects.scheduleOf(id), topology.subjects.requestOf(id)])
      if (await jsm.streams.getMessage(topology.requestStream, { last_by_subj: subject })) return true;
    return false;
  }

  /** @returns whether this gateway's was the one that was stored */
  async #publish(record: TaskRecord, request: TaskRequest, messageId: string): Promise<boolean> {
    const { broker } = this.#deps;
    const { id, name } = record;
    const { scheduledFor, ...due } = request;
    const isDue = scheduledFor === undefined || Date.parse(scheduledFor) <= broker.clock.nowMs();
    const outgoing = { address: { id, name }, request: isDue ? due : request, payload: encode(request) };
    return !(await publishRequest(broker, outgoing, messageId)).duplicate;
  }
}
