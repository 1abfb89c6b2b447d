import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '@longhaul/proto/wire';
import { deadlineMs } from '@longhaul/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepAliveMs } from '../tasks/watch/followTask.ts';
import { type EventStreamOptions, eventStream, eventText } from './eventStream.ts';

const streamMaxMs = 900_000;

/** What is yielded waits for its turn; `pulled` counts how many were asked for, `ended` says that it was told to end. */
function source(count: number, dataBytes = 1) {
  const state = { pulled: 0, ended: false };
  async function* generate(): AsyncGenerator<string, void, void> {
    try {
      for (let id = 1; id <= count; id += 1) {
        state.pulled += 1;
        yield eventText(String(id), 'progress', 'x'.repeat(dataBytes));
      }
    } finally {
      state.ended = true;
    }
  }
  return { state, events: generate() };
}

/** Yields nothing until it is told to end. */
async function* silence(signal: AbortSignal): AsyncGenerator<string, void, void> {
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
}

function options(more: Partial<EventStreamOptions> = {}): EventStreamOptions {
  return {
    logger: pino({ level: 'silent' }),
    stop: new AbortController().signal,
    credentials: { signal: new AbortController().signal, [Symbol.dispose]: () => {} },
    permit: { [Symbol.dispose]: () => {} },
    streamMaxMs,
    link: { isCutOff: false, listen: () => () => {} },
    ending: new AbortController(),
    cut: () => {},
    ...more,
  };
}

const onlyRetry = /^retry: \d+\n\n$/;

const textOf = async (stream: AsyncIterable<Buffer>) =>
  Buffer.concat(await Array.fromAsync(stream)).toString('utf8');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a stream of events', () => {
  it('says when to come back, then each event with its id, and ends', async () => {
    expect(await textOf(eventStream(source(2).events, options()))).toMatch(
      /^retry: \d+\n\nid: 1\nevent: progress\ndata: "x"\n\nid: 2\nevent: progress\ndata: "x"\n\n$/,
    );
  });

  it('takes no more than a buffer of events for a client that does not read, and cuts it off', async () => {
    const cut = vi.fn();
    const { state, events } = source(100_000, 1_000);
    const stream = eventStream(events, options({ cut, stalledMs: 5_000 }));
    stream.read(0);
    while (state.pulled === 0 || stream.readableLength < stream.readableHighWaterMark) await nextTurn();
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(state.pulled).toBeLessThan(25);
    expect(cut).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5_000);
    expect(cut).toHaveBeenCalledOnce();
    stream.destroy();
    await vi.waitFor(() => expect(state.ended).toBe(true), { timeout: deadlineMs });
  });

  it('says that it lives while nothing happens', async () => {
    const given = options();
    const chunks = eventStream(silence(given.ending.signal), given)[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toMatch(onlyRetry);
    for (let times = 0; times < 2; times += 1) {
      const next = chunks.next();
      await nextTurn();
      vi.advanceTimersByTime(keepAliveMs);
      expect(String((await next).value)).toBe(': keep-alive\n\n');
    }
    await chunks.return?.();
  });

  it('ends its source when the client leaves while it waits for an event', async () => {
    const given = options();
    const events = silence(given.ending.signal);
    const stream = eventStream(events, given);
    stream.read(0);
    await nextTurn();
    stream.destroy();
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(given.ending.signal.aborted).toBe(true);
  });

  it('ends after a while, to be opened again', async () => {
    const given = options();
    const text = textOf(eventStream(silence(given.ending.signal), given));
    await nextTurn();
    vi.advanceTimersByTime(streamMaxMs);
    expect(await text).toMatch(/^retry: \d+\n\n(: keep-alive\n\n)*$/);
  });

  it('does not end together with those that were opened in the same moment, nor do their clients come back together', async () => {
    const opened = Array.from({ length: 100 }, () => options());
    const texts = opened.map(given => textOf(eventStream(silence(given.ending.signal), given)));
    await nextTurn();
    const ended = () => opened.filter(({ ending }) => ending.signal.aborted).length;
    vi.advanceTimersByTime(streamMaxMs / 2 - 1);
    expect(ended()).toBe(0);
    const perTenth = Array.from({ length: 10 }, () => {
      const before = ended();
      vi.advanceTimersByTime(streamMaxMs / 20);
      return ended() - before;
    });
    vi.advanceTimersByTime(1);
    expect(ended()).toBe(100);
    // Evenly spread, each tenth has 10 of them; with more than half in one of them they would not be spread.
    expect(Math.max(...perTenth)).toBeLessThan(50);
    const delays = (await Promise.all(texts)).map(text => Number(/^retry: (\d+)\n/.exec(text)?.[1]));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(3_000);
    expect(new Set(delays).size).toBeGreaterThan(50);
  });

  const failing = (error: Error) =>
    // biome-ignore lint/correctness/useYield: it fails before it yields
    (async function* (): AsyncGenerator<string, void, void> {
      throw error;
    })();

  it('says why it cannot continue, and nothing where the client does well to come back', async () => {
    const expired = new GatewayError('PAYLOAD_EXPIRED', 'It is no longer kept.');
    const text = await textOf(eventStream(failing(expired), options()));
    expect(text).toMatch(/\nevent: problem\ndata: \{"type":"\/docs\/errors#PAYLOAD_EXPIRED",.*\n\n$/);
    const unavailable = new GatewayError('NATS_UNAVAILABLE', 'NATS does not answer.');
    expect(await textOf(eventStream(failing(unavailable), options()))).toMatch(onlyRetry);
    const secret = await textOf(eventStream(failing(new Error('the secret reason')), options()));
    expect(secret).toContain('#INTERNAL');
    expect(secret).not.toContain('secret reason');
    const stopped = options({ stop: AbortSignal.abort() });
    expect(await textOf(eventStream(failing(new Error('aborted')), stopped))).toMatch(onlyRetry);
  });
});
