import { defineTask } from '@longhaul/proto';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createTaskContext } from './createTaskContext.ts';
import { TaskError } from './handlerErrors.ts';

const definition = defineTask({
  input: z.object({ path: z.string() }),
  output: z.object({ text: z.string() }),
  errors: { NOT_FOUND: z.object({ path: z.string() }) },
});
const contract = { audio: { transcribe: definition } };
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const ports = () => ({
  task: { id: 'id', name: 'audio.transcribe', owner: 'alice', createdAt: '2026-01-01T00:00:00.000Z' },
  attempt: 2,
  fence: 7,
  signal: new AbortController().signal,
  progress: vi.fn(),
  log,
  checkpoint: vi.fn(async () => {}),
  exec: vi.fn(),
  children: {
    start: vi.fn(async () => 'child-id'),
    ended: vi.fn(async (id: string, name: string) => ({
      id,
      name,
      status: 'COMPLETED' as const,
      output: { text: 'words' },
    })),
  },
});

describe('a task context', () => {
  test('has the input and everything that its ports have, and no more', () => {
    const { children: _children, ...given } = ports();
    const context = createTaskContext<typeof definition>(
      { path: 'a.wav' },
      { ...given, children: ports().children },
    );
    const { tasks, error, ...rest } = context;
    expect(rest).toEqual({ ...given, input: { path: 'a.wav' } });
    expect([typeof tasks, typeof error]).toEqual(['function', 'function']);
  });

  test('starts children through its port, by the path in the contract', async () => {
    const given = ports();
    const context = createTaskContext<typeof definition>({ path: 'a.wav' }, given);
    const child = await context.tasks(contract).audio.transcribe.start({ path: 'b.wav' });
    expect(given.children.start).toHaveBeenCalledWith({
      name: 'audio.transcribe',
      key: 1,
      input: { path: 'b.wav' },
      options: {},
    });
    expect(await child.result()).toEqual({ text: 'words' });
    expect(given.children.ended).toHaveBeenCalledWith('child-id', 'audio.transcribe');
  });

  test('makes declared errors', () => {
    const context = createTaskContext<typeof definition>({ path: 'a.wav' }, ports());
    const error = context.error('NOT_FOUND', 'There is no file.', { path: 'a.wav' });
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: 'There is no file.', data: { path: 'a.wav' } });
  });
});
