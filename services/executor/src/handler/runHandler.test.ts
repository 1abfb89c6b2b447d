import { defineTask } from '@longhaul/proto';
import { inlineLimitBytes } from '@longhaul/proto/wire';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { TaskFault } from './handlerErrors.ts';
import { runHandler } from './runHandler.ts';
import type { Handler } from './taskContext.ts';

const definition = defineTask({
  input: z.object({ n: z.number().default(1) }),
  progress: z.object({ seen: z.unknown() }),
  output: z.object({ value: z.unknown() }),
  errors: { BAD: z.object({ why: z.unknown() }) },
});
const run = (handler: Handler<typeof definition>) => runHandler(definition, handler, {});
const circle: Record<string, unknown> = {};
circle.self = circle;

/** What a schema may let through, and an executor refuses to publish. */
const unwritable: [string, unknown][] = [
  ['a Map', new Map()],
  ['a Date', new Date(0)],
  ['NaN', Number.NaN],
  ['a bigint', 1n],
  ['a function', () => {}],
  ['a circle', circle],
];

describe('runHandler refuses what an executor refuses', () => {
  test.each(unwritable)('%s in the output', async (_what, value) => {
    await expect(run(() => ({ value }))).rejects.toMatchObject({ name: 'TaskFault', code: 'INVALID_OUTPUT' });
  });

  test.each(unwritable)('%s in a progress, thrown into the handler', async (_what, value) => {
    let thrown: unknown;
    await run(({ progress }) => {
      try {
        progress({ seen: value });
      } catch (error) {
        thrown = error;
      }
      return { value: 1 };
    });
    expect(thrown).toMatchObject({ name: 'TaskFault', code: 'INVALID_PROGRESS' });
  });

  test.each(unwritable)('%s in the data of a declared error', async (_what, value) => {
    const failing = run(({ error }) => {
      throw error('BAD', 'It is bad.', { why: value });
    });
    await expect(failing).rejects.toMatchObject({ name: 'TaskFault', code: 'INVALID_ERROR_DATA' });
  });

  test('a progress that is larger than an event', async () => {
    const large = run(({ progress }) => {
      progress({ seen: 'x'.repeat(inlineLimitBytes) });
      return { value: 1 };
    });
    await expect(large).rejects.toBeInstanceOf(TaskFault);
  });
});

test('runHandler hands over copies: what the handler changes later stays as it was reported', async () => {
  const seen: unknown[] = [];
  const lines: unknown[] = [];
  const counter = { n: 1 };
  await runHandler(
    definition,
    ({ progress, log }) => {
      progress({ seen: counter });
      log.info('counted', { counter });
      counter.n = 2;
      return { value: 1 };
    },
    {},
    {
      onProgress: progress => seen.push(progress.seen),
      onLog: (level, message, fields) => lines.push({ level, message, fields }),
    },
  );
  expect(seen).toEqual([{ n: 1 }]);
  expect(lines).toEqual([{ level: 'info', message: 'counted', fields: { counter: { n: 1 } } }]);
});

test('runHandler rejects with what the handler throws, and with a declared error as it was made', async () => {
  const broken = new Error('broken');
  await expect(run(() => Promise.reject(broken))).rejects.toBe(broken);
  const declared = run(({ error }) => {
    throw error('BAD', 'It is bad.', { why: 'rain' });
  });
  await expect(declared).rejects.toMatchObject({ name: 'TaskError', code: 'BAD', data: { why: 'rain' } });
});
