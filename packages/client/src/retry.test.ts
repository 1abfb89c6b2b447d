import type { GatewayErrorShape } from '@longhaul/proto/wire';
import { TRPCClientError } from '@trpc/client';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ClientOptionsError } from './clientErrors.ts';
import { isTransient, pause, waitBeforeTry } from './retry.ts';

const answered = (code: GatewayErrorShape['data']['code']) =>
  TRPCClientError.from({
    error: { code: -32_603, message: 'no', data: { code, httpStatus: 500, reason: 'INTERNAL', issues: [] } },
  });

describe('trying again can help', () => {
  test.each<[string, unknown, boolean]>([
    ['when nothing answered', TRPCClientError.from(new TypeError('fetch failed')), true],
    [
      'not when the token cannot be sent',
      TRPCClientError.from(new ClientOptionsError('INVALID_TOKEN', 'no')),
      false,
    ],
    ['when NATS or the gateway is away', answered('SERVICE_UNAVAILABLE'), true],
    ['not when it is not found', answered('NOT_FOUND'), false],
    ['not without credentials', answered('UNAUTHORIZED'), false],
    ['not when the gateway is wrong', answered('INTERNAL_SERVER_ERROR'), false],
    ['not when the request is wrong', answered('BAD_REQUEST'), false],
    ['not when the error is none of tRPC', new TypeError('a bug of ours'), false],
    ['not when it is no error', undefined, false],
    [
      'not when somebody answered who is no gateway',
      TRPCClientError.from({ error: { code: 1, message: 'no', data: undefined as never } }),
      false,
    ],
  ])('%s', (_what, error, transient) => {
    expect(isTransient(error)).toBe(transient);
  });
});

describe('the wait before a try', () => {
  test.each([
    [1, 100, 200],
    [2, 200, 400],
    [3, 400, 800],
    [6, 2_500, 5_000],
    [1_000, 2_500, 5_000],
    [0, 100, 200],
  ])('%i is from %i to %i ms', (tries, shortest, longest) => {
    expect(waitBeforeTry(tries, () => 0)).toBe(shortest);
    expect(waitBeforeTry(tries, () => 1)).toBe(longest);
  });

  test('never shrinks and never grows beyond its limit', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
        const wait = waitBeforeTry(tries, () => random);
        expect(wait).toBeGreaterThanOrEqual(100);
        expect(wait).toBeLessThanOrEqual(5_000);
        expect(waitBeforeTry(tries + 1, () => random)).toBeGreaterThanOrEqual(wait);
      }),
    );
  });
});

describe('a pause', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('ends when its time has come, and lets go of the signal', async () => {
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    const paused = pause(100, signal);
    await vi.advanceTimersByTimeAsync(100);
    await paused;
    expect(remove).toHaveBeenCalledOnce();
  });

  test('ends with the signal’s reason, and leaves no timer', async () => {
    const abort = new AbortController();
    const paused = pause(100, abort.signal);
    abort.abort(new Error('enough'));
    await expect(paused).rejects.toThrow('enough');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not begin after an abort', async () => {
    await expect(pause(100, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(vi.getTimerCount()).toBe(0);
  });
});
