import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { type CredentialsEnd, expired } from '../auth/credentials.ts';
import { callerErrorOf } from '../errors.ts';
import type { NatsLink } from '../protection/natsLink.ts';
import { keepAliveMs } from '../tasks/watch/followTask.ts';
import { problemOf } from './problem.ts';

/** One event of a stream: what to resume after, what it is, and its data. */
export type StreamedEvent = { readonly id: string; readonly type: string; readonly data: unknown };

export type EventStreamOptions = {
  readonly logger: Logger;
  /** Aborted when the gateway stops: streams end, and their clients come back elsewhere. */
  readonly stop: AbortSignal;
  /** The caller's credentials: the stream ends with them, and disposes of this. What yields the events listens, too. */
  readonly credentials: CredentialsEnd;
  /** Among the streams of its owner; given back with the end. */
  readonly place: Disposable;
  /** Aborted here when the stream is to end; what yields the events listens to it. */
  readonly ending: AbortController;
  /** Cuts off a client that does not read. */
  readonly cut: () => void;
  /** Its client is told when the gateway is cut off from NATS: else that would look like quiet. */
  readonly link: Pick<NatsLink, 'lost' | 'restored'>;
  /** The stream ends after that, and its client opens it again. */
  readonly streamMaxMs: number;
  /** How long a client may leave the stream unread before it is cut off. Default: 60,000. */
  readonly stalledMs?: number;
};

/** After how many milliseconds a client that lost the stream opens it again. */
const retryMs = 1_000;
const defaultStalledMs = 60_000;
/** What is written before the socket has taken what was written earlier. */
const bufferBytes = 16 * 1024;

/**
 * Writes events as Server-Sent Events (WHATWG HTML, 9.2).
 *
 * What is read from `events` is what the socket takes: while it is full, nothing is, so a client that reads slowly
 * costs a buffer and not more, and one that does not read for long is cut off and may resume.
 */
export function eventStream(
  events: AsyncGenerator<StreamedEvent, void, void>,
  options: EventStreamOptions,
): Readable {
  const stream = Readable.from(guarded(lines(events, options), options), {
    objectMode: false,
    highWaterMark: bufferBytes,
  });
  // A client that leaves destroys the stream, which then waits for its generator, which may be waiting for an event.
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, done) => {
    options.ending.abort();
    options.credentials[Symbol.dispose]();
    options.place[Symbol.dispose]();
    destroy(error, done);
  };
  return stream;
}

/** Ends the stream in time, and cuts off who does not take what is yielded. */
async function* guarded(
  chunks: AsyncIterable<string>,
  { ending, cut, streamMaxMs, stalledMs = defaultStalledMs }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  const end = setTimeout(() => ending.abort(), streamMaxMs);
  let stalled: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of chunks) {
      stalled = setTimeout(cut, stalledMs);
      yield chunk;
      clearTimeout(stalled);
    }
  } finally {
    clearTimeout(end);
    clearTimeout(stalled);
  }
}

async function* lines(
  events: AsyncGenerator<StreamedEvent, void, void>,
  { logger, stop, ending, credentials, link }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  // Said at once, so that the client has the answer's head before the first event.
  yield `retry: ${retryMs}\n\n`;
  try {
    let next = events.next();
    let isLost = false;
    for (;;) {
      const step: Awaited<typeof next> | Notice = await nextStep(next, link, isLost);
      if (step === 'lost' || step === 'restored') {
        // Without an id: what to resume after stays as it was.
        yield `event: connection\ndata: ${JSON.stringify({ nats: step })}\n\n`;
        isLost = step === 'lost';
        continue;
      }
      if (step === 'keep-alive') {
        yield ': keep-alive\n\n';
        continue;
      }
      if (step.done) break;
      const { id, type, data } = step.value;
      yield `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
      next = events.next();
    }
    if (credentials.signal.aborted && !stop.aborted && !ending.signal.aborted)
      yield problem(expired(), logger);
  } catch (error) {
    if (stop.aborted || ending.signal.aborted) return;
    yield problem(credentials.signal.aborted ? expired() : error, logger);
  } finally {
    ending.abort();
    await events.return().catch(() => {});
  }
}

/** Tells the client why the stream cannot go on. NATS comes back, and so does the client: of that nothing is said. */
function problem(error: unknown, logger: Logger): string {
  const fault = callerErrorOf(error, logger);
  if (fault.reason === 'NATS_UNAVAILABLE') return '';
  return `event: problem\ndata: ${JSON.stringify(problemOf(fault, error, []))}\n\n`;
}

type Notice = 'keep-alive' | 'lost' | 'restored';

/** The next item; or that there was none for a while, or that the gateway has lost NATS, or has it again. */
async function nextStep<T>(
  next: Promise<T>,
  link: Pick<NatsLink, 'lost' | 'restored'>,
  isLost: boolean,
): Promise<T | Notice> {
  // Listened to for this one step: a signal or promise that outlives thousands of them must not gather a listener of each.
  const over = new AbortController();
  const { lost } = link;
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'keep-alive'>(resolve => {
    timer = setTimeout(resolve, keepAliveMs, 'keep-alive');
  });
  try {
    return await Promise.race([
      next,
      silence,
      isLost ? link.restored.then(() => 'restored' as const) : aborted(lost, over.signal),
    ]);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

function aborted(signal: AbortSignal, over: AbortSignal): Promise<'lost'> {
  return new Promise(resolve => {
    if (signal.aborted) resolve('lost');
    else signal.addEventListener('abort', () => resolve('lost'), { once: true, signal: over });
  });
}
