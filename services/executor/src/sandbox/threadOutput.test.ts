import { defineTask } from '@longhaul/proto';
import { deadlineMs } from '@longhaul/testing';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type FromThread, maxUnread, sharedCells } from './threadMessages.ts';
import { ThreadOutput } from './threadOutput.ts';

function outputOf(progressIntervalMs: number) {
  const definition = defineTask({
    input: z.object({}),
    progress: z.object({ step: z.int() }),
    output: z.object({}),
    progressIntervalMs,
  });
  const sent: FromThread[] = [];
  const shared = new Int32Array(2);
  const output = new ThreadOutput(definition, message => void sent.push(message), shared);
  const report = (step: number) => output.progress({ step } as never);
  const steps = () =>
    sent.flatMap(message => (message.kind === 'progress' ? Number(JSON.parse(message.json).step) : []));
  const read = (count: number) => Atomics.sub(shared, sharedCells.unread, count);
  return { sent, output, report, steps, read };
}

test('a thread that nobody reads says no more than there is room for, and then the last', () => {
  const { output, report, steps, sent } = outputOf(0);
  for (let step = 1; step <= 1_000; step += 1) {
    report(step);
    output.log.info(`line ${step}`);
  }
  expect(sent.length).toBe(maxUnread);
  output.flush();
  expect(steps().at(-1)).toBe(1_000);
  expect(sent.at(-1)).toMatchObject({
    kind: 'log',
    message: expect.stringMatching(/^\d+ log lines were dropped/),
  });
  expect(sent.length).toBe(maxUnread + 2);
});

test('what waits for room goes out when there is some, the latest alone', async () => {
  const { report, steps, read } = outputOf(0);
  for (let step = 1; step <= 100; step += 1) report(step);
  expect(steps().at(-1)).toBe(maxUnread);
  read(maxUnread);
  await vi.waitFor(() => expect(steps().slice(-2)).toEqual([maxUnread, 100]), { timeout: deadlineMs });
});

test('within an interval one goes out at once, and the latest of the others after it', async () => {
  const { output, report, steps } = outputOf(50);
  for (let step = 1; step <= 10; step += 1) report(step);
  expect(steps()).toEqual([1]);
  await vi.waitFor(() => expect(steps()).toEqual([1, 10]), { timeout: deadlineMs });
  report(11);
  output.flush();
  report(12);
  expect(steps()).toEqual([1, 10, 11]);
});

test('what does not fit is refused where it is reported', () => {
  const { output, sent } = outputOf(0);
  expect(() => output.progress({ step: 'x' } as never)).toThrow(/progress does not fit/);
  expect(sent).toEqual([]);
});
