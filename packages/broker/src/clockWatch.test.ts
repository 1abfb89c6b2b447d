import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Broker } from './broker.ts';
import { ClockWatch } from './clockWatch.ts';
import { ServerClock } from './serverClock.ts';

/** A server whose clock differs from ours by `offsetMs`, and that may need time to answer. */
function server() {
  const settings = { offsetMs: 0, answerMs: 0, isAway: false };
  let asked = 0;
  const clock = new ServerClock();
  const info = async () => {
    asked += 1;
    if (settings.isAway) throw new Error('away');
    if (settings.answerMs > 0) vi.advanceTimersByTime(settings.answerMs / 2);
    const ts = new Date(Date.now() + settings.offsetMs).toISOString();
    if (settings.answerMs > 0) vi.advanceTimersByTime(settings.answerMs / 2);
    return { ts };
  };
  const broker = {
    clock,
    topology: { requestStream: 'TASKS' },
    jsm: { streams: { info } },
    reconnections: { onReconnect: () => () => {} },
  } as unknown as Broker;
  return { settings, clock, broker, asked: () => asked };
}

function watch(broker: Broker, maxOffsetMs?: number) {
  const said: string[] = [];
  const say = (level: string) => (_fields: object, message: string) => void said.push(`${level}: ${message}`);
  const logger = { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') };
  return { said, watching: new ClockWatch(broker, logger, maxOffsetMs) };
}

afterEach(() => void vi.useRealTimers());
const useFakeTime = () => vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'setTimeout'] });

describe('the time of the server', () => {
  test.each([600_000, -600_000, 3_000, 0])('is kept when it differs by %d ms', async offsetMs => {
    useFakeTime();
    const { clock, broker, settings } = server();
    Object.assign(settings, { offsetMs, answerMs: 10 });
    await clock.measure(broker);
    expect(clock.aheadMs).toBe(offsetMs === 0 ? 0 : -offsetMs);
    expect(clock.nowMs()).toBe(Date.now() + offsetMs);
    vi.advanceTimersByTime(5_000);
    expect(clock.nowMs()).toBe(Date.now() + offsetMs);
    expect(clock.now()).toBe(new Date(Date.now() + offsetMs).toISOString());
  });

  test('is that of this machine before the server was asked', () => {
    useFakeTime();
    const clock = new ServerClock();
    expect(clock.nowMs()).toBe(Date.now());
    expect(clock.aheadMs).toBeUndefined();
  });

  test('is not moved by a clock of this machine that is set, which is measured again at once', async () => {
    useFakeTime();
    const { broker, clock, settings, asked } = server();
    const { watching } = watch(broker);
    await watching.start();
    const before = asked();
    const serverMs = clock.nowMs();
    // Set ahead by an hour: the server is an hour behind it now.
    vi.setSystemTime(Date.now() + 3_600_000);
    settings.offsetMs = -3_600_000;
    expect(clock.nowMs()).toBe(serverMs);
    await watching.measure();
    expect(asked()).toBeGreaterThan(before);
    expect(clock.aheadMs).toBe(3_600_000);
    expect(clock.nowMs()).toBe(serverMs);
    await watching.stop();
  });

  test('does not jump by a slow answer', async () => {
    useFakeTime();
    const { broker, clock, settings } = server();
    Object.assign(settings, { offsetMs: 1_000, answerMs: 2 });
    await clock.measure(broker);
    // Within what the slow answer cannot tell.
    Object.assign(settings, { offsetMs: 1_300, answerMs: 800 });
    await clock.measure(broker);
    expect(clock.nowMs()).toBe(Date.now() + 1_000);
  });
});

describe('a clock that is wrong', () => {
  test.each([
    [60_000, 'behind'],
    [-60_000, 'ahead of'],
    [600_000, 'behind'],
  ])('by %d ms is refused at the start, and the message says what to do', async (offsetMs, direction) => {
    const { broker, settings } = server();
    settings.offsetMs = offsetMs + Math.sign(offsetMs) * 1_000;
    const { watching } = watch(broker);
    await expect(watching.start()).rejects.toMatchObject({
      code: 'CLOCK_OFFSET',
      message: expect.stringMatching(new RegExp(`is \\d+\\.\\d s ${direction} .*NTP.*MAX_CLOCK_OFFSET_MS`)),
    });
  });

  test('is said once, and again when it is right, or too far', async () => {
    useFakeTime();
    const { broker, settings } = server();
    const { watching, said } = watch(broker);
    await watching.start();
    expect(said).toEqual([]);
    settings.offsetMs = 700;
    for (let i = 0; i < 3; i += 1) await watching.measure();
    expect(said).toEqual([expect.stringContaining('warn: The clock of this machine is 0.7 s behind')]);
    expect(watching.fault).toBeUndefined();
    settings.offsetMs = 61_000;
    await watching.measure();
    expect(said.at(-1)).toContain('error: ');
    expect(watching.fault).toContain('61.0 s behind');
    settings.offsetMs = 0;
    await watching.measure();
    expect(said.at(-1)).toContain('info: ');
    expect(watching.fault).toBeUndefined();
    await watching.stop();
  });

  test('starts where the limit was raised, and is said', async () => {
    const { broker, settings } = server();
    settings.offsetMs = 700_000;
    const { watching, said } = watch(broker, Number.POSITIVE_INFINITY);
    await watching.start();
    expect(said).toEqual([expect.stringContaining('warn: ')]);
    await watching.stop();
  });

  test('keeps the last time while NATS is away', async () => {
    useFakeTime();
    const { broker, clock, settings } = server();
    settings.offsetMs = 700;
    const { watching } = watch(broker);
    await watching.start();
    settings.isAway = true;
    await watching.measure();
    expect(clock.aheadMs).toBe(-700);
    await watching.stop();
  });
});
