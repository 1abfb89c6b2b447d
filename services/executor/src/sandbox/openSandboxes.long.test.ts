import { threadId } from 'node:worker_threads';
import { defineTask, type TaskDefinition } from '@longhaul/proto';
import { pino } from 'pino';
import { describe, expect, it, test, vi } from 'vitest';
import { z } from 'zod';
import type { HandlerCall } from '../handler/handlerCall.ts';
import { HandlersError, matchHandlers } from '../handler/handlers.ts';
import { fakeChildren } from '../handler/runHandler.ts';
import { contract } from './fixtures/contract.ts';
import { fingerprint } from './loadHandler.ts';
import { openSandboxes } from './openSandboxes.ts';
import { sandboxed } from './sandboxed.ts';
import { SandboxPool } from './sandboxPool.ts';

const logger = pino({ level: 'silent' });
const file = (name: string) => new URL(`./fixtures/${name}`, import.meta.url);
const right = sandboxed<typeof import('./fixtures/act.ts')>(file('act.ts'));
const open = (act: unknown, other: unknown = () => ({})) =>
  openSandboxes(matchHandlers(contract, { sandbox: { act, other } }), 1, logger);
const ignore = () => {};
/** A call as an attempt makes it. */
const callOf = (definition: TaskDefinition, input: unknown): HandlerCall => ({
  definition,
  task: { id: 'id', name: 'sandbox.act', owner: 'alice', createdAt: '2026-01-01T00:00:00.000Z' },
  attempt: 1,
  fence: 1,
  input,
  signal: new AbortController().signal,
  output: { progress: ignore, log: { debug: ignore, info: ignore, warn: ignore, error: ignore } },
  children: fakeChildren(undefined),
  pauses: { checkpoint: async () => {}, onRequest: ignore },
});

describe('opening', () => {
  it('gives sandboxed handlers their threads, and leaves functions as they are', async () => {
    const other = vi.fn(() => ({}));
    const { tasks, close } = await open(right, other);
    const inThread = await tasks
      .get('sandbox.act')
      ?.call(callOf(contract.sandbox.act, { do: 'answer', text: '' }));
    expect(inThread?.ending).toMatchObject({ kind: 'completed', output: { threadId: expect.any(Number) } });
    expect(inThread?.ending).not.toMatchObject({ output: { threadId } });
    await tasks.get('sandbox.other')?.call(callOf(contract.sandbox.other, {}));
    expect(other).toHaveBeenCalledOnce();
    await close();
    const byName = sandboxed<typeof import('./fixtures/act.ts'), 'other'>(file('act.ts'), {
      exportName: 'other',
    });
    await (await open(right, byName)).close();
  });

  // What the type argument promises and the file does not keep.
  it.each<[string, string, string | undefined, RegExp]>([
    ['is not there', 'nothing.ts', undefined, /sandbox\.act: .*nothing\.ts/],
    ['cannot be loaded', 'broken.ts', undefined, /sandbox\.act: this module cannot be loaded/],
    [
      'lacks the export',
      'act.ts',
      'missing',
      /must export a handler.* as "missing"; it exports default, other, plain/,
    ],
    ['exports a plain function', 'act.ts', 'plain', /made by defineHandler/],
    ['handles another task', 'act.ts', 'other', /"other" of .*act\.ts handles another task/],
  ])('a module that %s is an error at start-up', async (_what, name, exportName, message) => {
    const wrong = exportName
      ? sandboxed<Record<string, typeof import('./fixtures/act.ts').default>, string>(file(name), {
          exportName,
        })
      : sandboxed<typeof import('./fixtures/act.ts')>(file(name));
    const opened = open(wrong);
    await expect(opened).rejects.toThrow(HandlersError);
    await expect(opened).rejects.toThrow(message);
  });

  it('a definition that says sandbox refuses a plain function', () => {
    const match = () => matchHandlers(contract, { sandbox: { act: () => ({}), other: () => ({}) } });
    expect(match).toThrow(HandlersError);
    expect(match).toThrow(/a plain function for sandbox\.act.*sandboxed\(/);
  });
});

test.each([
  ['a module that is no file', new URL('https://example.org/a.ts'), {}, /is a file/],
  ['no whole number of MiB', file('act.ts'), { maxMemoryMb: 0.5 }, /maxMemoryMb/],
  ['a negative time', file('act.ts'), { idleMs: -1 }, /idleMs/],
])('%s is refused', (_what, module, options, message) => {
  expect(() => sandboxed(module, options)).toThrow(message);
});

describe('a fingerprint', () => {
  const input = z.object({ a: z.string().default(() => crypto.randomUUID()) });
  const output = z.object({ b: z.number() });
  const task = defineTask({ input, output, errors: { GONE: z.object({ c: z.string() }) } });

  it('is the same for the same definition, also where a default is created again each time', () => {
    expect(fingerprint(task)).toBe(
      fingerprint(defineTask({ input, output, errors: { GONE: z.object({ c: z.string() }) } })),
    );
  });

  const errors = { GONE: z.object({ c: z.string() }) };
  it.each<[string, TaskDefinition]>([
    ['input', defineTask({ errors, output, input: z.object({ a: z.number() }) })],
    ['output', defineTask({ errors, input, output: z.object({ b: z.string() }) })],
    ['progress', defineTask({ errors, input, output, progress: output })],
    ['error data', defineTask({ input, output, errors: { GONE: z.object({ c: z.number() }) } })],
    ['error code', defineTask({ input, output, errors: { LOST: z.object({ c: z.string() }) } })],
    ['title', defineTask({ errors, input, output, title: 'Another' })],
    ['policy', defineTask({ errors, input, output, timeoutMs: 5 })],
  ])('differs with the %s', (_part, another) => {
    expect(fingerprint(another)).not.toBe(fingerprint(task));
  });
});

test('a thread whose entry cannot be loaded fails with a readable error, instead of waiting for ever', async () => {
  const definition = contract.sandbox.act;
  const pool = new SandboxPool(definition, right, 1, logger, file('noSuchEntry.ts').href);
  await expect(pool.load()).rejects.toThrow(
    /A thread for .*act\.ts could not be started from .*noSuchEntry\.ts: /,
  );
  await pool.close();
});
