import { runHandler, startStack } from '@longhaul/testing';
import { expect, test } from 'vitest';
import { contract } from './contract.ts';
import { handlers } from './handlers.ts';

// A handler alone: no NATS, no gateway.
test('a report has its sections', async () => {
  const { words, markdown } = await runHandler(contract.report.build, handlers.report.build, {
    title: 'Tea',
    sections: 2,
  });
  expect(markdown).toContain('## Section 2');
  expect(words).toBeGreaterThan(10);
});

// The whole system: a nats-server of its own, a gateway and an executor in this process.
test('a task goes through the system', { timeout: 120_000 }, async () => {
  await using stack = await startStack({ contract, handlers });
  const task = await stack.tasks.report.build.start({ title: 'Tea', sections: 1 });
  expect((await task.result()).markdown).toContain('# Tea');

  const refused = await stack.tasks.report.build.start({ title: 'Secret' });
  const outcome = await refused.outcome();
  expect(outcome.status === 'FAILED' && outcome.error.code).toBe('FORBIDDEN_TITLE');
});
