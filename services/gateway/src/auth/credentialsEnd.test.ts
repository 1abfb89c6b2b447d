import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Caller } from './caller.ts';
import { haveEnded, untilCredentialsEnd } from './credentials.ts';

const caller: Caller = { owner: 'ann', role: 'user' };
const dayMs = 24 * 60 * 60 * 1_000;

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test('credentials without an end have none', () => {
  using end = untilCredentialsEnd(caller);
  vi.advanceTimersByTime(100 * dayMs);
  expect(end.signal.aborted).toBe(false);
  expect(haveEnded(caller, 100 * dayMs)).toBe(false);
});

test.each([1, 1_000, 24 * dayMs, 25 * dayMs, 90 * dayMs])('%d ms: not before, and then', expiresAtMs => {
  using end = untilCredentialsEnd({ ...caller, expiresAtMs });
  vi.advanceTimersByTime(expiresAtMs - 1);
  expect(end.signal.aborted).toBe(false);
  expect(haveEnded({ ...caller, expiresAtMs }, Date.now())).toBe(false);
  vi.advanceTimersByTime(1);
  expect(end.signal.aborted).toBe(true);
  expect(haveEnded({ ...caller, expiresAtMs }, Date.now())).toBe(true);
});

test('what has ended already, has', () => {
  using past = untilCredentialsEnd({ ...caller, expiresAtMs: -1 });
  expect(past.signal.aborted).toBe(true);
  using gone = untilCredentialsEnd({ ...caller, revoked: AbortSignal.abort() });
  expect(gone.signal.aborted).toBe(true);
});

test('revoked: at once, for all that were begun with it, and no timer stays', () => {
  const revoke = new AbortController();
  const warned = vi.spyOn(process, 'emitWarning');
  const ends = Array.from({ length: 50 }, () =>
    untilCredentialsEnd({ ...caller, revoked: revoke.signal, expiresAtMs: dayMs }),
  );
  revoke.abort();
  expect(ends.every(({ signal }) => signal.aborted)).toBe(true);
  for (const end of ends) end[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
  expect(warned).not.toHaveBeenCalled();
});
