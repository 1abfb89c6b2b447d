import type { Broker } from '@longhaul/broker';
import { createTopology, type TaskEvent } from '@longhaul/proto/wire';
import { JetStreamApiError, PubHeaders } from '@nats-io/jetstream';
import { errors, headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type { Step } from './explore.ts';

/** A message as a stream of the model has it. */
export type Stored = {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
  readonly header: MsgHdrs;
  readonly time: Date;
};

type Subscriber = { readonly process: Process; readonly callback: (error: null, message: Msg) => void };

type AckedOptions = NonNullable<Parameters<Broker['acked']['publish']>[2]>;

export const topology = createTopology();
const { requestStream, eventStream } = topology;

/** The time of the whole model: nothing in it depends on how long something takes. */
export const nowMs = Date.parse('2026-01-01T00:00:00.000Z');

/**
 * A process with a connection of its own. What it sends reaches the server in the order in which it sends it, and at any
 * time later.
 */
export class Process {
  readonly name: string;
  readonly sent: Step[] = [];
  isDead = false;
  /** How many of its messages the server has taken. */
  taken = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Sends a message; resolves with what the server does with it. A process that is dead hears nothing. */
  send<T>(what: string, serve: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const take = () => {
      this.sent.shift();
      this.taken += 1;
      try {
        resolve(serve());
      } catch (error) {
        reject(error);
      }
    };
    if (!this.isDead) this.sent.push({ name: `${this.name}: ${what}`, take });
    return promise;
  }
}

/** A nats-server with the two streams of one task and one consumer, as far as a start and a cancel use them. */
export class SimulatedNats {
  readonly events: Stored[] = [];
  /** The task's request, while it is on the queue. */
  request: Stored | undefined;
  /** The last first delivery of the consumer. */
  deliveredSeq = 0;
  /** Questions that wait for an answer: each can be given up once nothing else happens. */
  readonly unanswered = new Set<() => void>();
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #onStored: (event: TaskEvent) => void;
  #seq = 0;

  constructor(request: Stored, onStored: (event: TaskEvent) => void) {
    this.request = request;
    this.#onStored = onStored;
  }

  /** The clients of one process. What of them is not used here is not there. */
  brokerOf(process: Process, role: Broker['role']): Broker {
    const broker = {
      role,
      topology,
      clock: { nowMs: () => nowMs, now: () => new Date(nowMs).toISOString() },
      reconnections: { answerOf: <T>(asked: Promise<T>) => asked, othersBackInMs: 0 },
      payloads: {},
      nc: {
        subscribe: (subject: string, { callback }: Pick<Subscriber, 'callback'>) => {
          const subscriber = { process, callback };
          void process.send('subscribe', () => this.#at(subject).add(subscriber));
          return {
            unsubscribe: () => process.send('unsubscribe', () => this.#at(subject).delete(subscriber)),
          };
        },
        publish: (subject: string) => void process.send(`publish ${subject}`, () => {}),
        request: (subject: string, data: Uint8Array, { reply }: { reply: string }) =>
          this.#ask(process, subject, data, reply),
      },
      acked: {
        publish: (subject: string, data: Uint8Array, options: AckedOptions) =>
          process.send(`append ${(JSON.parse(new TextDecoder().decode(data)) as TaskEvent).type}`, () =>
            this.#append(subject, data, options),
          ),
      },
      jsm: {
        streams: {
          getMessage: (stream: string, query: { last_by_subj: string }) =>
            process.send(`read ${stream === eventStream ? 'the log' : 'the queue'}`, () =>
              this.#find(stream, query.last_by_subj),
            ),
          deleteMessage: (_stream: string, seq: number) =>
            process.send('remove the request', () => {
              if (this.request?.seq !== seq)
                throw new JetStreamApiError({ code: 500, err_code: 10057, description: 'no message found' });
              this.request = undefined;
              return true;
            }),
          purge: (_stream: string, { filter }: { filter: string }) =>
            process.send('purge', () => {
              if (this.request && fits(filter, this.request.subject)) this.request = undefined;
              return { success: true, purged: 1 };
            }),
        },
        consumers: {
          info: () =>
            process.send('look at the consumer', () => ({
              delivered: { stream_seq: this.deliveredSeq },
              created: new Date(nowMs - 60_000).toISOString(),
              num_ack_pending: this.deliveredSeq > 0 && this.request ? 1 : 0,
            })),
        },
      },
    };
    return broker as unknown as Broker;
  }

  /** What a dead process was subscribed to is forgotten with its connection. */
  disconnect(process: Process): void {
    for (const subscribers of this.#subscribers.values())
      for (const each of subscribers) if (each.process === process) subscribers.delete(each);
  }

  #at(subject: string): Set<Subscriber> {
    const known = this.#subscribers.get(subject) ?? new Set();
    this.#subscribers.set(subject, known);
    return known;
  }

  async #ask(process: Process, subject: string, data: Uint8Array, reply: string): Promise<Msg> {
    const answered = Promise.withResolvers<Msg>();
    const giveUp = () => {
      this.unanswered.delete(giveUp);
      answered.reject(new errors.TimeoutError());
    };
    await process.send('ask', () => {
      const asked = [...this.#at(subject)];
      if (asked.length === 0) throw new errors.NoRespondersError(subject);
      this.unanswered.add(giveUp);
      for (const { process: executor, callback } of asked) {
        const respond = (answer: Uint8Array) =>
          void executor.send('answer', () => {
            this.unanswered.delete(giveUp);
            answered.resolve({ subject: reply, data: answer } as Msg);
          });
        callback(null, { subject, reply, data, respond } as unknown as Msg);
      }
    });
    return answered.promise;
  }

  #append(subject: string, data: Uint8Array, { expect }: AckedOptions) {
    const filter = expect?.subject ?? subject;
    const last = this.#last(this.events, filter)?.seq ?? 0;
    if (expect && last !== expect.lastSubjectSequence)
      throw new JetStreamApiError({ code: 400, err_code: 10071, description: 'wrong last sequence' });
    this.#seq += 1;
    const header = headers();
    header.set(PubHeaders.ExpectedLastSubjectSequenceHdr, String(expect?.lastSubjectSequence));
    header.set(PubHeaders.ExpectedLastSubjectSequenceSubjectHdr, filter);
    this.events.push({ subject, seq: this.#seq, data, header, time: new Date(nowMs) });
    this.#onStored(JSON.parse(new TextDecoder().decode(data)) as TaskEvent);
    return { stream: eventStream, seq: this.#seq, duplicate: false };
  }

  #find(stream: string, subject: string): Stored | undefined {
    if (stream === eventStream) return this.#last(this.events, subject);
    if (stream !== requestStream || !this.request) return undefined;
    return fits(subject, this.request.subject) ? this.request : undefined;
  }

  #last(stored: readonly Stored[], filter: string): Stored | undefined {
    return stored.findLast(({ subject }) => fits(filter, subject));
  }
}

/** Whether a subject is one of a filter with `*` and `>`. */
function fits(filter: string, subject: string): boolean {
  const tokens = subject.split('.');
  const wanted = filter.split('.');
  return wanted.every((token, at) => {
    if (token === '>') return at < tokens.length;
    return (
      (token === '*' || token === tokens[at]) && (at < wanted.length - 1 || tokens.length === wanted.length)
    );
  });
}
