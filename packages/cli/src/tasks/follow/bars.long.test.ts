import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { deadlineMs, type Stack, startStack } from '@longhaul/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { contract } from '../../fixtures/project/contract.ts';
import { handlers } from '../../fixtures/project/handlers.ts';
import { inTerminal } from '../../fixtures/terminal.ts';

let stack: Stack<typeof contract>;
beforeAll(async () => {
  stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers, executor: { concurrency: 2 } });
});
afterAll(() => stack[Symbol.asyncDispose]());

const env = () => ({ LONGHAUL_URL: stack.gateways[0]?.url ?? '' });

test('a run has a bar that fills, and then its output', { timeout: 4 * deadlineMs }, async () => {
  const terminal = inTerminal(['run', 'numbers.count', '--to', '30', '--no-fast'], env());
  await terminal.shows(/█+░+ RUNNING .*Counting \d+/);
  expect(await terminal.ended).toBe(0);
  const text = stripVTControlCharacters(terminal.drawn());
  expect(text).toMatch(/█{20} COMPLETED/);
  expect(text).toContain('"sum": 465');
  // The cursor that was hidden is there again.
  expect(terminal.drawn().lastIndexOf('\u001b[?25h')).toBeGreaterThan(
    terminal.drawn().lastIndexOf('\u001b[?25l'),
  );
});

test('NO_COLOR leaves bars without colours', { timeout: 4 * deadlineMs }, async () => {
  const terminal = inTerminal(['run', 'numbers.count', '--to', '3'], { ...env(), NO_COLOR: '1' });
  expect(await terminal.ended).toBe(0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
  expect(terminal.drawn()).not.toMatch(/\u001b\[3\dm/);
});

test('more tasks than rows: the others are counted, and every end counts', {
  timeout: 6 * deadlineMs,
}, async () => {
  const inputs = Array.from({ length: 20 }, (_, index) => ({ to: 5, ...(index === 7 ? { failAt: 2 } : {}) }));
  const started = await stack.tasks.numbers.count.startMany(inputs.map(input => ({ input })));
  const ids = started.map(each => (each.ok ? each.task.id : ''));
  const terminal = inTerminal(['watch', ...ids], env());
  expect(await terminal.ended).toBe(1);
  const text = stripVTControlCharacters(terminal.drawn());
  expect(text).toContain('20 of 20 tasks have ended');
  expect(text).toMatch(/FAILED +numbers\.count .*TOO_FAR: 2 is too far/);
});

test('Ctrl-C leaves the task, and says how to watch it again', { timeout: 6 * deadlineMs }, async () => {
  const go = join(import.meta.dirname, 'never');
  const terminal = inTerminal(['run', 'code.edition', '--go', go], env());
  await terminal.shows(/RUNNING/);
  terminal.type('\u0003');
  expect(await terminal.ended).toBe(130);
  const text = stripVTControlCharacters(terminal.drawn());
  const id = text.match(/longhaul cancel (\S+)/)?.[1] ?? '';
  await expect.poll(async () => (await stack.tasks.$tasks.get(id)).status).toBe('RUNNING');
  await stack.tasks.$tasks.cancel(id);
});
