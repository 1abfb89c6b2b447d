import { runHandler, startStack } from '@longhaul/testing';
import { expect, test } from 'vitest';
import { contract } from '../src/contract.ts';
import countPrimes from '../src/countPrimes.ts';
import { handlers } from '../src/handlers.ts';

test('a handler alone', async () => {
  const percents: number[] = [];
  const output = await runHandler(
    contract.primes.count,
    countPrimes,
    { below: 100 },
    { onProgress: ({ percent }) => percents.push(percent) },
  );
  expect(output).toEqual({ found: 25 });
  expect(percents.length).toBeGreaterThan(1);
});

test('a whole system', { timeout: 60_000 }, async () => {
  await using stack = await startStack({ contract, handlers });
  const task = await stack.tasks.primes.count.start({ below: 1_000 });
  expect(await task.result()).toEqual({ found: 168 });
  // The result comes from the event; the record follows a moment later.
  await expect.poll(async () => (await task.record()).status, { timeout: 30_000 }).toBe('COMPLETED');
});
