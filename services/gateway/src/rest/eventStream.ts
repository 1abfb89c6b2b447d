import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { type CredentialsEnd, expired } from '../auth/credentialsEnd.ts';
import { faultOf } from '../fault.ts';
import { keepAliveMs, streamMaxMs } from '../watch/streamTimes.ts';
import { problemOf } from './problem.ts';

/** One event of a stream: what to resume after, what it is, and its data. */
export type StreamedEvent = { readonly id: string; readonly type: string; readonly data: unknown };

export type EventStreamOptions = {
  readonly logger: Logger;
  /** Aborted when the gateway stops: streams end, and their clients come back elsewhere. */
  readonly stop: AbortSignal;
  /** The caller's credentials: the stream ends with them, and disposes of this. What yields the events listens, too. */
  readonly credentials: CredentialsEnd;
  /** Aborted here when the stream is to end; what yields the events listens to it. */
  readonly ending: AbortController;
  /** Cuts off a client that does not read. */
  readonly cut: () => void;
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
    destroy(error, done);
  };
  return stream;
}

/** Ends the stream in time, and cuts off who does not take what is yielded. */
async function* guarded(
  chunks: AsyncIterable<string>,
  { ending, cut, stalledMs = defaultStalledMs }: EventStreamOptions,
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
  { logger, stop, ending, credentials }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  // Said at once, so that the client has the answer's head before the first event.
  yield `retry: ${retryMs}\n\n`;
  try {
    let next = events.next();
    for (;;) {
      const step = await orKeepAlive(next);
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
  const fault = faultOf(error, logger);
  if (fault.reason === 'NATS_UNAVAILABLE') return '';
  return `event: problem\ndata: ${JSON.stringify(problemOf(fault, error, []))}\n\n`;
}

async function orKeepAlive<T>(next: Promise<T>): Promise<T | 'keep-alive'> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'keep-alive'>(resolve => {
    timer = setTimeout(resolve, keepAliveMs, 'keep-alive');
  });
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
  }
}
