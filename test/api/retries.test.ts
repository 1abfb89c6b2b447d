import { doNotRetry, type HandlersOf, retryAfter } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';

const soon = { kind: 'fixed', delayMs: 50 } as const;

const contract = defineContract({
  /** Fails until the attempt of `succeedsAt`. */
  flaky: defineTask({
    input: z.object({ succeedsAt: z.int(), as: z.enum(['BUSY', 'other', 'final', 'later']).default('BUSY') }),
    output: z.object({ attempt: z.int() }),
    errors: { BUSY: z.object({ by: z.string() }) },
    maxAttempts: 3,
    backoff: soon,
  }),
  choosy: defineTask({
    input: z.object({ code: z.enum(['AGAIN', 'NEVER']) }),
    output: z.object({}),
    errors: { AGAIN: z.object({}), NEVER: z.object({}) },
    maxAttempts: 2,
    backoff: soon,
    retryOn: ['AGAIN'],
  }),
  slow: defineTask({
    input: z.object({}),
    output: z.object({}),
    maxAttempts: 2,
    backoff: soon,
    timeoutMs: 100,
  }),
});

const handlers: HandlersOf<typeof contract> = {
  flaky: ({ input, attempt, error }) => {
    if (attempt >= input.succeedsAt) return { attempt };
    const busy = error('BUSY', `attempt ${attempt}`, { by: 'somebody' });
    if (input.as === 'final') throw doNotRetry(busy);
    if (input.as === 'later') throw retryAfter(busy, 1_000);
    throw input.as === 'other' ? new Error('broken') : busy;
  },
  choosy: ({ input, error }) => {
    throw error(input.code, 'no');
  },
  slow: ({ signal }) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    ),
};

const system = (executors = 2) =>
  startStack({ natsUrl: inject('natsUrl'), contract, handlers, gateways: 2, executors });

describe('retries', () => {
  it('tries again after a failure, says so meanwhile, and keeps every attempt', async () => {
    await using stack = await system();
    const task = await stack.tasks.flaky.start({ succeedsAt: 3 });
    await within('the end', task.outcome());
    const types = (await stack.events(task.id)).map(({ event }) => event.type);
    // The first attempt was so short that nothing had to be said of its beginning.
    expect(types).toEqual(['retrying', 'started', 'retrying', 'started', 'completed']);
    expect(await task.result()).toEqual({ attempt: 3 });
    const record = await recordThat(
      stack.broker,
      'COMPLETED',
      ({ id, status }) => id === task.id && status === 'COMPLETED',
    );
    expect(record).toMatchObject({ attempt: 3, failures: 2, losses: 0 });
    expect(record).not.toHaveProperty('error');
    const error = { code: 'BUSY', data: { by: 'somebody' } };
    expect(record.attempts).toMatchObject([{ number: 1, error }, { number: 2, error }, { number: 3 }]);
    expect(record.attempts.every(({ endedAt }) => endedAt !== undefined)).toBe(true);
  });

  it('shows RETRYING with the error and the time of the next attempt, and can be canceled then', async () => {
    await using stack = await system();
    const task = await stack.tasks.flaky.start(
      { succeedsAt: 9 },
      { policy: { backoff: { kind: 'fixed', delayMs: 60_000 } } },
    );
    await recordThat(stack.broker, 'RETRYING', ({ id, status }) => id === task.id && status === 'RETRYING');
    const record = await task.record();
    if (record.status !== 'RETRYING') throw new Error(`${record.status}?`);
    expect(record.error).toMatchObject({ code: 'BUSY', data: { by: 'somebody' } });
    expect(Date.parse(record.nextAttemptAt ?? '')).toBeGreaterThan(Date.now() + 30_000);
    expect(await task.cancel()).toMatchObject({ status: 'CANCELED' });
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED' });
  });

  it.each([
    [
      'fails with the last error when attempts are used up',
      { succeedsAt: 9 },
      { code: 'BUSY', message: 'attempt 3' },
      3,
    ],
    [
      'tries an undeclared error again',
      { succeedsAt: 9, as: 'other' as const },
      { code: 'HANDLER_ERROR' },
      3,
    ],
    [
      'does not try again what the handler calls final',
      { succeedsAt: 9, as: 'final' as const },
      { code: 'BUSY' },
      1,
    ],
  ])('%s', async (_what, input, error, attempts) => {
    await using stack = await system();
    const task = await stack.tasks.flaky.start(input);
    expect(await task.outcome()).toMatchObject({ status: 'FAILED', error });
    const record = await recordThat(
      stack.broker,
      'FAILED',
      ({ id, status }) => id === task.id && status === 'FAILED',
    );
    expect(record).toMatchObject({ attempt: attempts, failures: attempts });
  });

  it('waits as long as the handler says', async () => {
    await using stack = await system();
    const task = await stack.tasks.flaky.start({ succeedsAt: 2, as: 'later' });
    const retrying = await eventThat(
      stack.broker,
      'retrying',
      ({ id, event }) => id === task.id && event.type === 'retrying',
    );
    const again = await eventThat(
      stack.broker,
      'started',
      ({ id, event }) => id === task.id && event.type === 'started',
    );
    expect(Date.parse(again.event.at) - Date.parse(retrying.event.at)).toBeGreaterThanOrEqual(1_000);
    expect(await task.result()).toEqual({ attempt: 2 });
  });

  it('tries only the named errors again, a time limit among those that can be', async () => {
    await using stack = await system();
    const ended = async (task: { id: string; outcome(): Promise<unknown> }) => {
      await task.outcome();
      return recordThat(stack.broker, 'FAILED', ({ id, status }) => id === task.id && status === 'FAILED');
    };
    expect(await ended(await stack.tasks.choosy.start({ code: 'NEVER' }))).toMatchObject({ attempt: 1 });
    expect(await ended(await stack.tasks.choosy.start({ code: 'AGAIN' }))).toMatchObject({ attempt: 2 });
    expect(await ended(await stack.tasks.slow.start({}))).toMatchObject({
      attempt: 2,
      error: { code: 'TIMEOUT' },
    });
  });

  it('takes attempts and backoff from the start instead of the definition', async () => {
    await using stack = await system();
    const task = await stack.tasks.flaky.start(
      { succeedsAt: 4 },
      { policy: { maxAttempts: 4, backoff: { kind: 'list', delaysMs: [0, 10] } } },
    );
    expect(await task.result()).toEqual({ attempt: 4 });
    const once = await stack.tasks.flaky.start({ succeedsAt: 2 }, { policy: { maxAttempts: 1 } });
    expect(await once.outcome()).toMatchObject({ status: 'FAILED' });
  });
});

describe('time limits', () => {
  it('ends the whole task, attempts and waits included', async () => {
    await using stack = await system();
    const policy = { timeoutMs: 0, totalTimeoutMs: 300, maxAttempts: 100 };
    const task = await stack.tasks.slow.start({}, { policy });
    expect(await task.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'TASK_TIMEOUT' } });
    // With waits between attempts that reach beyond it, the error that was is the end.
    const failing = await stack.tasks.flaky.start(
      { succeedsAt: 9 },
      { policy: { totalTimeoutMs: 5_000, maxAttempts: 100, backoff: { kind: 'fixed', delayMs: 3_000 } } },
    );
    expect(await failing.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'BUSY' } });
  });

  it('fails a task that nobody began in time, with executors and without', async () => {
    await using stack = await system(0);
    const late = await stack.tasks.flaky.start({ succeedsAt: 1 }, { startWithinMs: 1 });
    const never = await stack.tasks.flaky.start({ succeedsAt: 1 }, { policy: { totalTimeoutMs: 1 } });
    const fine = await stack.tasks.flaky.start({ succeedsAt: 1 }, { startWithinMs: 600_000 });
    // No executor runs: the gateways end them, and one of them is enough.
    expect(await within('its end', late.outcome())).toMatchObject({
      status: 'FAILED',
      error: { code: 'NOT_STARTED_IN_TIME' },
    });
    expect(await within('its end', never.outcome())).toMatchObject({
      status: 'FAILED',
      error: { code: 'TASK_TIMEOUT' },
    });
    const { jsm, topology } = stack.broker;
    // Their requests leave the queue right after their ends.
    await expect.poll(async () => (await jsm.streams.info(topology.requestStream)).state.messages).toBe(1);
    const second = await stack.tasks.flaky.start({ succeedsAt: 1 }, { startWithinMs: 1 });
    await stack.addExecutor();
    expect(await within('its end', second.outcome())).toMatchObject({
      error: { code: 'NOT_STARTED_IN_TIME' },
    });
    expect(await fine.result()).toEqual({ attempt: 1 });
    const endings = (await stack.events()).filter(({ event }) => event.type === 'failed');
    expect(endings).toHaveLength(3);
  });
});
