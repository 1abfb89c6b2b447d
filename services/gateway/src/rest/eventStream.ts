import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { type CredentialsEnd, expired } from '../auth/credentials.ts';
import { callerErrorOf, goneReason } from '../errors.ts';
import type { NatsLink } from '../protection/natsLink.ts';
import { streamAgeMs } from '../protection/streamAge.ts';
import { problemOf } from './problem.ts';
import { StreamNotices } from './streamNotices.ts';

/** One event as a stream sends it: the id to resume after, its type, and its data. */
export function eventText(id: string, type: string, data: unknown): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

export type EventStreamOptions = {
  readonly logger: Logger;
  /** Aborted when the gateway stops: streams end, and their clients connect to another gateway. */
  readonly stop: AbortSignal;
  /** The end of the caller's credentials, which ends the stream. Disposed of with the stream. */
  readonly credentials: CredentialsEnd;
  /** The permit among the streams of its owner; released with the end of the stream. */
  readonly permit: Disposable;
  /** Aborted by the stream when it is to end, so that the generator of events ends. */
  readonly ending: AbortController;
  /** Closes the connection of a client that does not read. */
  readonly cut: () => void;
  /** The stream reports when the gateway is cut off from NATS, which a client could not distinguish from silence. */
  readonly link: Pick<NatsLink, 'isCutOff' | 'listen'>;
  /** Milliseconds after which the stream ends at the latest and its client opens it again. */
  readonly streamMaxMs: number;
  /** Milliseconds for which a client may not read before its connection is closed. Default: 60,000. */
  readonly stalledMs?: number;
};

/**
 * The delay before a client opens a lost stream again, with a random part: the streams of a gateway that stops end together,
 * and their clients must not come to another one in the same moment.
 */
const retryMs = () => 1_000 + Math.round(2_000 * Math.random());
const defaultStalledMs = 60_000;
/** How many bytes are buffered for the socket. */
const bufferBytes = 16 * 1024;

/**
 * Writes events as Server-Sent Events (WHATWG HTML, 9.2).
 *
 * Events are pulled as the socket accepts them, so a slow client takes one buffer. A client that does not read for long is
 * disconnected and can resume.
 *
 * @param events each as `eventText` makes it
 */
export function eventStream(
  events: AsyncGenerator<string, void, void>,
  options: EventStreamOptions,
): Readable {
  const stream = Readable.from(guarded(lines(events, options), options), {
    objectMode: false,
    highWaterMark: bufferBytes,
  });
  // A disconnect destroys the stream, which then waits for its generator. Ending the generator first avoids a wait for the next event.
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, done) => {
    options.ending.abort(goneReason);
    options.credentials[Symbol.dispose]();
    options.permit[Symbol.dispose]();
    destroy(error, done);
  };
  return stream;
}

/** Ends the stream at its maximum age, and disconnects a client that does not read. */
async function* guarded(
  chunks: AsyncIterable<string>,
  { ending, cut, streamMaxMs, stalledMs = defaultStalledMs }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  const end = setTimeout(() => ending.abort(goneReason), streamAgeMs(streamMaxMs));
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
  events: AsyncGenerator<string, void, void>,
  { logger, stop, ending, credentials, link }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  // Sent at once, so that the client receives the head of the answer before the first event.
  yield `retry: ${retryMs()}\n\n`;
  using notices = new StreamNotices(link);
  try {
    let next = events.next();
    for (;;) {
      const step = await notices.before(next);
      if (step === 'lost' || step === 'restored') {
        // Without an id, so that the id to resume after stays the same.
        yield `event: connection\ndata: ${JSON.stringify({ nats: step })}\n\n`;
        continue;
      }
      if (step === 'keep-alive') {
        yield ': keep-alive\n\n';
        continue;
      }
      if (step.done) break;
      yield step.value;
      next = events.next();
    }
    if (credentials.signal.aborted && !stop.aborted && !ending.signal.aborted)
      yield problem(expired(), logger);
  } catch (error) {
    if (stop.aborted || ending.signal.aborted) return;
    yield problem(credentials.signal.aborted ? expired() : error, logger);
  } finally {
    ending.abort(goneReason);
    await events.return().catch(() => {});
  }
}

/** The event that reports why the stream ends. For NATS_UNAVAILABLE it is omitted: the client reconnects by itself. */
function problem(error: unknown, logger: Logger): string {
  const shown = callerErrorOf(error, logger);
  if (shown.reason === 'NATS_UNAVAILABLE') return '';
  return `event: problem\ndata: ${JSON.stringify(problemOf(shown, error, []))}\n\n`;
}
