import { expect, test } from 'vitest';
import { LogLimit, logLinesPerSecond } from './logLine.ts';

const startMs = 1_700_000_000_000;

/** A limit that has let a second's lines through. */
function used(): LogLimit {
  const limit = new LogLimit();
  for (let i = 0; i < logLinesPerSecond; i += 1) {
    expect(limit.admit(startMs + i, true)).toEqual({ ok: true, dropped: 0 });
  }
  return limit;
}

test('a second’s worth of lines goes out, and no more', () => {
  const limit = used();
  expect(limit.admit(startMs + 999, true).ok).toBe(false);
});

test('the next line that goes out tells how many did not, once', () => {
  const limit = used();
  for (let i = 0; i < 5; i += 1) limit.admit(startMs + 500, true);
  expect(limit.admit(startMs + 1_000, true)).toEqual({ ok: true, dropped: 5 });
  expect(limit.admit(startMs + 1_000, true)).toEqual({ ok: true, dropped: 0 });
});

test('without room a line is dropped and counted, and uses up nothing', () => {
  const limit = new LogLimit();
  expect(limit.admit(startMs, false)).toEqual({ ok: false, dropped: 0 });
  expect(limit.takeDropped()).toBe(1);
  expect(limit.takeDropped()).toBe(0);
  for (let i = 0; i < logLinesPerSecond; i += 1) expect(limit.admit(startMs, true).ok).toBe(true);
});

test('a clock that is set back silences nobody', () => {
  const limit = used();
  expect(limit.admit(startMs - 3_600_000, true).ok).toBe(true);
});
