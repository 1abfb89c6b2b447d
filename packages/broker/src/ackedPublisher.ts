import {
  JetStreamApiError,
  JetStreamError,
  type JetStreamPublishOptions,
  type PubAck,
  PubHeaders,
} from '@nats-io/jetstream';
import { errors, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { Reconnections } from './reconnections.ts';

/** What a publish may ask of the stream: those of the client's own options that are used on each task's way. */
export type AckedOptions = Partial<Pick<JetStreamPublishOptions, 'headers' | 'msgID' | 'ttl'>> & {
  /** `subject`: the filter whose last message that is to be. Default: the subject that is published to. */
  readonly expect?: { readonly lastSubjectSequence: number; readonly subject?: string };
  /** How long the acknowledgement is waited for. Default: as long as for all. */
  readonly timeoutMs?: number;
};

type Unacknowledged = {
  readonly subject: string;
  readonly deadlineMs: number;
  readonly resolve: (ack: PubAck) => void;
  readonly reject: (error: Error) => void;
};

/** How late a publish may be found to be unanswered. */
const lookEveryMs = 250;
const noResponders = 503;

/**
 * Publishes to JetStream and waits for the acknowledgement, as the client's `js.publish` does, but with one subscription
 * and one timer for all that is under way. The client makes for each message a timer, a race of two promises and a copy
 * of its options, which was a tenth of a gateway's processor time.
 */
export class AckedPublisher {
  readonly #nc: NatsConnection;
  readonly #timeoutMs: number;
  readonly #inbox: string;
  /** By the last token of the reply subject. */
  readonly #waiting = new Map<string, Unacknowledged>();
  readonly #failureListeners: ((error: Error, subject: string) => void)[] = [];
  readonly #unansweredListeners: ((subject: string) => void)[] = [];
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param inbox the subject below which acknowledgements come
   * @param timeoutMs how long one is waited for
   * @param reconnections those of the connection
   */
  constructor(
    nc: NatsConnection,
    inbox: string,
    timeoutMs: number,
    reconnections: Reconnections = new Reconnections(nc),
  ) {
    this.#nc = nc;
    this.#inbox = inbox;
    this.#timeoutMs = timeoutMs;
    nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#receive(message);
      },
    });
    void nc.closed().then(() => this.#failAll(new errors.ClosedConnectionError()));
    // What left before is acknowledged to nobody (see `Reconnections`): the writers of all tasks would wait for it.
    reconnections.onAnswersLost(error => this.#failAll(error));
  }

  /**
   * @throws JetStreamApiError when the stream refuses it (code 10071: not the expected sequence); RequestError
   *   when no stream listens; TimeoutError; ConnectionError when the connection was lost; ClosedConnectionError. See `isWrongLastSequence`, `isUnavailable`
   */
  publish(subject: string, data: Uint8Array, options: AckedOptions = {}): Promise<PubAck> {
    return new Promise((resolve, reject) => {
      this.#sent += 1;
      const token = this.#sent.toString(36);
      this.#nc.publish(subject, data, { reply: `${this.#inbox}.${token}`, headers: headersOf(options) });
      const deadlineMs = Date.now() + (options.timeoutMs ?? this.#timeoutMs);
      this.#waiting.set(token, { subject, deadlineMs, resolve, reject });
      this.#timer ??= setInterval(() => this.#failLate(Date.now()), lookEveryMs).unref();
    });
  }

  /** Has every publish told of that is refused or that no stream listens to. */
  onFailure(listener: (error: Error, subject: string) => void): void {
    this.#failureListeners.push(listener);
  }

  /** Has every publish told of that was not answered in its time. */
  onUnanswered(listener: (subject: string) => void): void {
    this.#unansweredListeners.push(listener);
  }

  #receive(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const waiting = this.#waiting.get(token);
    if (!waiting) return;
    this.#waiting.delete(token);
    try {
      waiting.resolve(readAck(message, waiting.subject));
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new JetStreamError(String(thrown));
      waiting.reject(error);
      for (const listener of this.#failureListeners) listener(error, waiting.subject);
    }
  }

  #failLate(nowMs: number): void {
    for (const [token, { deadlineMs, reject, subject }] of this.#waiting) {
      if (deadlineMs > nowMs) continue;
      this.#waiting.delete(token);
      reject(new errors.TimeoutError());
      for (const listener of this.#unansweredListeners) listener(subject);
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #failAll(error: Error): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

function readAck(message: Msg, subject: string): PubAck {
  if (message.data.length === 0 && message.headers?.code === noResponders) {
    const none = new errors.NoRespondersError(subject);
    throw new errors.RequestError(none.message, { cause: none });
  }
  const ack = message.json<PubAck & { error?: ConstructorParameters<typeof JetStreamApiError>[0] }>();
  if (ack.error) throw new JetStreamApiError(ack.error);
  if (!ack.stream) throw new JetStreamError('invalid ack response');
  return { ...ack, duplicate: ack.duplicate ?? false };
}

function headersOf({ headers: given, msgID, ttl, expect }: AckedOptions) {
  const all = given ?? headers();
  if (msgID !== undefined) all.set(PubHeaders.MsgIdHdr, msgID);
  if (expect) all.set(PubHeaders.ExpectedLastSubjectSequenceHdr, String(expect.lastSubjectSequence));
  if (expect?.subject !== undefined)
    all.set(PubHeaders.ExpectedLastSubjectSequenceSubjectHdr, expect.subject);
  if (ttl !== undefined) all.set(PubHeaders.MessageTTL, ttl);
  return all;
}
