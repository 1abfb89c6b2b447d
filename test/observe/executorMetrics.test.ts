import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Executor } from '@longhaul/executor';
import { deadlineMs, eventThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, spawnExecutor } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readMetrics, type Sample, sumOf } from './readMetrics.ts';

const natsUrl = inject('natsUrl');
const system = () =>
  startStack({
    natsUrl,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
  });
let stack: Awaited<ReturnType<typeof system>>;
beforeAll(async () => {
  stack = await system();
});
afterAll(() => stack[Symbol.asyncDispose]());

const samplesThat = (executor: Executor, what: string, fits: (samples: Sample[]) => boolean) =>
  within(
    what,
    (async () => {
      for (;;) {
        const samples = readMetrics(await (await fetch(executor.metricsUrl!)).text());
        if (fits(samples)) return samples;
      }
    })(),
  );

describe('the metrics of an executor', () => {
  it(
    'count the attempts of a lost executor that it takes over, and how each attempt ended',
    async () => {
      const { namespace, broker, tasks } = stack;
      await using doomed = await spawnExecutor({ natsUrl, namespace, concurrency: 1 });
      const taken = await tasks.script.fragile.start({});
      await eventThat(broker, 'runs', ({ id, event }) => id === taken.id && event.type === 'started');
      const executor = await stack.addExecutor({ concurrency: 3, metrics: { port: 0 } });
      await doomed.kill();
      await eventThat(
        broker,
        'taken over',
        ({ id, event }) => id === taken.id && event.type === 'started' && event.attempt === 2,
      );

      await tasks.script.echo.run({ text: 'a' });
      await tasks.script.fail.run({ declared: true });
      const backoff = { kind: 'fixed', delayMs: 1 } as const;
      await tasks.script.fail.run({ declared: false }, { policy: { maxAttempts: 2, backoff } });
      const running = await samplesThat(
        executor,
        'three attempts have failed',
        samples =>
          sumOf(samples, 'longhaul_executor_attempts_ended_total', { name: 'script.fail' }) === 3 &&
          sumOf(samples, 'longhaul_executor_running') === 1,
      );
      expect(sumOf(running, 'longhaul_executor_slots')).toBe(3);
      expect(sumOf(running, 'longhaul_executor_takeovers_total', { name: 'script.fragile' })).toBe(1);
      expect(sumOf(running, 'longhaul_executor_attempts_total')).toBe(5);
      const ended = (samples: Sample[], outcome: string) =>
        sumOf(samples, 'longhaul_executor_attempts_ended_total', { outcome });
      expect(['completed', 'failed', 'retrying', 'canceled'].map(how => ended(running, how))).toEqual([
        1, 2, 1, 0,
      ]);
      expect(sumOf(running, 'longhaul_executor_attempt_seconds_count')).toBe(4);
      expect(sumOf(running, 'longhaul_nats_connected')).toBe(1);
      expect(running.some(({ name }) => name === 'nodejs_eventloop_lag_p99_seconds')).toBe(true);

      await taken.cancel();
      await samplesThat(executor, 'the canceled one', samples => ended(samples, 'canceled') === 1);
      await executor.stop({ drainMs: 0 });
      await expect(fetch(executor.metricsUrl!)).rejects.toThrow();
    },
    2 * deadlineMs,
  );

  it('are served at their path alone, and not at all unless asked for', async () => {
    const executor = await stack.addExecutor({ metrics: { port: 0 } });
    expect((await fetch(executor.metricsUrl!.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(executor.metricsUrl!, { method: 'POST' })).status).toBe(404);
    expect((await stack.addExecutor()).metricsUrl).toBeUndefined();
  });

  it('on a port that is taken keep the executor from starting', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(stack.addExecutor({ metrics: { port } })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
    await new Promise(resolve => taken.close(resolve));
  });
});
