import type { PackedPayload, PayloadStore } from '@longhaul/broker';
import { PayloadError } from '@longhaul/broker';
import type { PayloadRef, TaskRequest } from '@longhaul/proto/wire';
import { errors } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { AttemptAborted } from '../handler/abort.ts';
import { readInput, writeOutput } from './payloads.ts';

const ref: PayloadRef = { object: 'id.input.x', bytes: 5, digest: `SHA-256=${'A'.repeat(43)}=` };
const request: TaskRequest = {
  v: 1,
  owner: 'local',
  createdAt: '2026-01-01T00:00:00.000Z',
  priority: 'normal',
  inputRef: ref,
};
const unavailable = () => new errors.TimeoutError();
const never = new AbortController().signal;

/** A store whose calls end as listed, one after the other. */
function storeThat(...ends: readonly (unknown | Error)[]) {
  let calls = 0;
  const packs: string[] = [];
  const next = async () => {
    const end = ends[calls] ?? ends.at(-1);
    calls += 1;
    if (end instanceof Error) throw end;
    return end;
  };
  const store: Pick<PayloadStore, 'get' | 'put' | 'pack' | 'limitBytes' | 'requireNarrow'> = {
    limitBytes: 100,
    get: next,
    put: async () => void (await next()),
    requireNarrow: () => {},
    pack: (name, data): PackedPayload => {
      packs.push(name);
      if (data.length > 100) throw new PayloadError('PAYLOAD_TOO_LARGE', `too large: ${data.length} bytes.`);
      return { ref, data };
    },
  };
  return { store: store as PayloadStore, packs, calls: () => calls };
}

describe('an input', () => {
  test('that stands in the request is not read', async () => {
    const { store, calls } = storeThat();
    const { inputRef: _inputRef, ...small } = request;
    expect(await readInput(store, { ...small, input: 1 }, never, never)).toEqual({ ok: true, input: 1 });
    expect(calls()).toBe(0);
  });

  test('is read until NATS answers', async () => {
    const { store, calls } = storeThat(unavailable(), unavailable(), { a: 1 });
    expect(await readInput(store, request, never, never)).toEqual({ ok: true, input: { a: 1 } });
    expect(calls()).toBe(3);
  });

  test.each(['PAYLOAD_MISSING', 'PAYLOAD_DAMAGED', 'PAYLOAD_TOO_LARGE'] as const)(
    'that is %s ends the attempt at once',
    async code => {
      const { store, calls } = storeThat(new PayloadError(code, 'what is wrong'));
      expect(await readInput(store, request, never, never)).toMatchObject({
        ok: false,
        ending: { kind: 'failed', error: { code: 'INPUT_UNREADABLE', message: 'what is wrong' } },
      });
      expect(calls()).toBe(1);
    },
  );

  test('is waited for until the attempt is aborted, and no longer', async () => {
    const { store } = storeThat(unavailable());
    const abort = new AbortController();
    const read = readInput(store, request, abort.signal, never);
    abort.abort(new AttemptAborted('SUPERSEDED', 'taken over'));
    expect(await read).toEqual({ ok: false, ending: { kind: 'superseded' } });
  });

  test('is not read by an executor that is being ended, nor is anything said of it', async () => {
    const { store } = storeThat(unavailable());
    const shutdownDeadline = new AbortController();
    const read = readInput(store, request, never, shutdownDeadline.signal);
    shutdownDeadline.abort(new Error('stopped'));
    await expect(read).rejects.toThrow('stopped');
  });
});

describe('an output', () => {
  test('that fits an event is not stored', async () => {
    const { store, calls } = storeThat();
    expect(await writeOutput(store, { kind: 'completed', output: 1 }, 'id.output.1', never)).toEqual({
      ok: true,
      part: { output: 1 },
    });
    expect(calls()).toBe(0);
  });

  test('is stored until NATS answers, under one name', async () => {
    const { store, calls, packs } = storeThat(unavailable(), undefined);
    const written = await writeOutput(
      store,
      { kind: 'completed', output: 'text', large: true },
      'id.output.2',
      never,
    );
    expect(written).toEqual({ ok: true, part: { outputRef: ref } });
    expect(calls()).toBe(2);
    expect(packs).toEqual(['id.output.2']);
  });

  test('over the limit is not stored', async () => {
    const { store, calls } = storeThat();
    const ending = { kind: 'completed', output: 'x'.repeat(200), large: true } as const;
    expect(await writeOutput(store, ending, 'id.output.1', never)).toMatchObject({
      ok: false,
      error: { code: 'OUTPUT_TOO_LARGE', message: expect.stringContaining('202') },
    });
    expect(calls()).toBe(0);
  });

  test('is given up when the executor is being ended', async () => {
    const { store } = storeThat(unavailable());
    const shutdownDeadline = new AbortController();
    const written = writeOutput(
      store,
      { kind: 'completed', output: 'text', large: true },
      'id.output.1',
      shutdownDeadline.signal,
    );
    shutdownDeadline.abort(new Error('stopped'));
    await expect(written).rejects.toThrow();
  });
});
