import type { HandlersOf } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { type GatewayErrorShape, inlineLimitBytes, type PayloadRef } from '@longhaul/proto/wire';
import { eventThat, recordThat, type Stack, type StackOptions, startStack, within } from '@longhaul/testing';
import { TRPCClientError } from '@trpc/client';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';

const MiB = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1_000;

const contract = defineContract({
  /** Answers what it was given. */
  echo: defineTask({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
  /** Answers as much as it is asked for. */
  fill: defineTask({
    input: z.object({ bytes: z.int() }),
    output: z.object({ text: z.string() }),
    maxAttempts: 3,
    backoff: { kind: 'fixed', delayMs: 10 },
  }),
  /** Fails the first time that it sees a text. */
  fickle: defineTask({
    input: z.object({ text: z.string() }),
    output: z.object({ length: z.int() }),
    errors: { NOT_YET: z.object({}) },
  }),
});

function handlersOnce(): HandlersOf<typeof contract> {
  const seen = new Set<string>();
  return {
    echo: ({ input }) => input,
    fill: ({ input }) => ({ text: 'x'.repeat(input.bytes) }),
    fickle: ({ input, error }) => {
      if (seen.has(input.text)) return { length: input.text.length };
      seen.add(input.text);
      throw error('NOT_YET', 'Not the first time.');
    },
  };
}

const system = (options: Partial<StackOptions<typeof contract>> = {}) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers: handlersOnce(),
    gateways: 2,
    executors: 2,
    ...options,
  });

/** A text that no two calls share, of about so many bytes, not all of one byte a character. */
const textOf = (bytes: number) => `${Math.random()} ö ${'abcdefgh'.repeat(bytes / 8)}`;

async function errorOf(promise: Promise<unknown>): Promise<GatewayErrorShape> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof TRPCClientError && error.shape) return error.shape as GatewayErrorShape;
  throw new Error(`A tRPC error with a shape was expected, not ${error}.`);
}

async function storedIn(stack: Stack<typeof contract>) {
  const { payloadStream, requestStream } = stack.broker.topology;
  const [payloads, requests] = await Promise.all(
    [payloadStream, requestStream].map(name => stack.broker.jsm.streams.info(name)),
  );
  return { payloadMessages: payloads?.state.messages, requests: requests?.state.last_seq };
}

/** Overwrites the pieces of an object, as a broken disk might. */
async function damage(stack: Stack<typeof contract>, ref: PayloadRef | undefined): Promise<void> {
  const { js, jsm, topology } = stack.broker;
  const name = Buffer.from(ref?.object ?? '').toString('base64url');
  const padding = '='.repeat((4 - (name.length % 4)) % 4);
  const meta = await jsm.streams.getMessage(topology.payloadStream, {
    last_by_subj: `$O.${topology.payloadStore}.M.${name}${padding}`,
  });
  if (!meta) throw new Error(`There is no object ${ref?.object}.`);
  const pieces = topology.payloadPieces(meta.json<{ nuid: string }>().nuid);
  const piece = await jsm.streams.getMessage(topology.payloadStream, { last_by_subj: pieces });
  if (!piece) throw new Error(`The object ${ref?.object} has no pieces.`);
  const bytes = Uint8Array.from(piece.data);
  bytes.fill(32, bytes.length / 2, bytes.length / 2 + 16);
  await jsm.streams.deleteMessage(topology.payloadStream, piece.seq);
  await js.publish(pieces, bytes);
}

const ended = (stack: Stack<typeof contract>, id: string, status = 'COMPLETED') =>
  recordThat(stack.broker, status, record => record.id === id && record.status === status);

describe('large payloads', () => {
  it('go in and come out whole by start, run, watch, get and result; messages and records stay small', async () => {
    await using stack = await system();
    const text = textOf(5 * MiB);
    const task = await stack.tasks.echo.start({ text });
    const events = await within('the events', Array.fromAsync(task.events()));
    const completed = events.at(-1);
    if (completed?.type !== 'completed') throw new Error(`It ended ${completed?.type}.`);
    expect(completed.output?.text).toBe(text);
    expect(completed).not.toHaveProperty('outputRef');
    expect((await task.result()).text).toBe(text);

    const record = await ended(stack, task.id);
    expect(record).toMatchObject({
      inputRef: { object: expect.stringContaining(`${task.id}.input.`), bytes: expect.any(Number) },
      outputRef: { object: expect.stringContaining(`${task.id}.output.1.`) },
    });
    expect(record.inputRef?.digest).toBe(record.outputRef?.digest);
    expect(record).not.toHaveProperty('input');
    expect(record).not.toHaveProperty('output');
    for (const { event } of await stack.events(task.id))
      expect(JSON.stringify(event).length).toBeLessThan(2_000);

    const other = stack.tasksOf(stack.gateways[1] ?? { url: '' });
    for (const shown of [await other.echo.handle(task.id).record(), await other.$tasks.get(task.id)]) {
      if (shown.status !== 'COMPLETED') throw new Error(`${shown.status}?`);
      expect(shown.input).toEqual({ text });
      expect(shown.output).toEqual({ text });
      expect(shown).not.toHaveProperty('inputRef');
      expect(shown).not.toHaveProperty('outputRef');
    }
    const [snapshot] = await within('the snapshot', Array.fromAsync(other.echo.handle(task.id).events()));
    expect(snapshot).toMatchObject({ type: 'snapshot', record: { input: { text }, output: { text } } });

    const { tasks } = await other.$tasks.list();
    expect(tasks).toMatchObject([{ id: task.id, status: 'COMPLETED' }]);
    expect(JSON.stringify(tasks).length).toBeLessThan(500);

    const run = await other.echo.run({ text: `${text}!` });
    expect(run).toMatchObject({ status: 'COMPLETED', output: { text: `${text}!` } });
  });

  it('go through the store from 256 KiB on, and through the message below', async () => {
    await using stack = await system();
    const frame = '{"text":""}'.length;
    const fits = await stack.tasks.echo.start({ text: 'x'.repeat(inlineLimitBytes - frame) });
    await fits.result();
    expect(await storedIn(stack)).toMatchObject({ payloadMessages: 0 });
    const larger = await stack.tasks.echo.start({ text: 'x'.repeat(inlineLimitBytes - frame + 1) });
    await larger.result();
    // Of input and output each: a full piece, the rest, and the name.
    expect(await storedIn(stack)).toMatchObject({ payloadMessages: 6 });
  });

  it('are told to those who watch everything by their reference, which costs nobody a read', async () => {
    await using stack = await system();
    const task = await stack.tasks.fill.start({ bytes: MiB });
    await task.result();
    for await (const item of stack.tasks.$tasks.watch({ ids: [task.id], lastEventId: '0' })) {
      if (item.type !== 'event' || item.event.type !== 'completed') continue;
      expect(item.event).toMatchObject({ outputRef: { object: expect.stringContaining(task.id) } });
      expect(item.event).not.toHaveProperty('output');
      break;
    }
  });

  it('travel in a batch, and with a retry', async () => {
    await using stack = await system();
    const texts = [textOf(MiB), textOf(2 * MiB), 'small'];
    const started = await stack.tasks.fickle.startMany(texts.map(text => ({ input: { text } })));
    for (const [place, result] of started.entries()) {
      if (!result.ok) throw new Error(result.error.message);
      expect(await result.task.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'NOT_YET' } });
      const again = await result.task.retry();
      expect(await again.result()).toEqual({ length: texts[place]?.length });
    }
  });
});

describe('the limit', () => {
  it('refuses a larger input before anything is written, no matter which limit sees it first', async () => {
    await using stack = await system({ gateway: { payloadLimitBytes: MiB }, executors: 0 });
    const large = await errorOf(stack.tasks.echo.start({ text: 'x'.repeat(MiB) }));
    expect(large.data).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      reason: 'PAYLOAD_TOO_LARGE',
      httpStatus: 413,
    });
    expect(large.message).toContain(String(MiB));
    // The HTTP server does not even read this one.
    const larger = await errorOf(stack.tasks.echo.start({ text: 'x'.repeat(4 * MiB) }));
    expect(larger.data).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      reason: 'PAYLOAD_TOO_LARGE',
      httpStatus: 413,
    });
    const invalid = await errorOf(
      stack.tasks.echo.start({ text: ['x'.repeat(MiB / 2)] as unknown as string }),
    );
    expect(invalid.data.reason).toBe('INVALID_INPUT');
    expect(await storedIn(stack)).toEqual({ payloadMessages: 0, requests: 0 });
  });

  it('ends a task with a larger output, without another attempt', async () => {
    await using stack = await system({ executor: { payloadLimitBytes: MiB } });
    const task = await stack.tasks.fill.start({ bytes: MiB });
    expect(await task.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'OUTPUT_TOO_LARGE' } });
    expect(await ended(stack, task.id, 'FAILED')).toMatchObject({ attempt: 1 });
    expect(await storedIn(stack)).toMatchObject({ payloadMessages: 0 });
  });

  it('of a reader is kept, where a writer has a higher one', async () => {
    await using stack = await system({ executors: 1, executor: { payloadLimitBytes: MiB } });
    const input = await stack.tasks.echo.start({ text: textOf(2 * MiB) });
    expect(await input.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'INPUT_UNREADABLE' } });
    const low = await stack.addGateway({ payloadLimitBytes: MiB / 2 });
    const output = await stack.tasks.fill.start({ bytes: MiB * 0.75 });
    const { data, message } = await errorOf(stack.tasksOf(low).fill.handle(output.id).result());
    expect(data.reason).toBe('PAYLOAD_TOO_LARGE');
    expect(message).toContain('the same payload limit');
    expect((await output.result()).text.length).toBe(MiB * 0.75);
  });

  it('of a delay is that the input is still there when the task is due', async () => {
    await using stack = await system({ executors: 0 });
    const text = textOf(MiB);
    const { data, message } = await errorOf(stack.tasks.echo.start({ text }, { delayMs: 7 * dayMs + 1 }));
    expect(data.reason).toBe('INVALID_REQUEST');
    expect(message).toContain('168 hours');
    expect(await storedIn(stack)).toEqual({ payloadMessages: 0, requests: 0 });
    await stack.tasks.echo.start({ text: 'small' }, { delayMs: 300 * dayMs });
    const task = await stack.tasks.echo.start({ text }, { delayMs: 7 * dayMs });
    expect(await task.record()).toMatchObject({ status: 'SCHEDULED', input: { text } });
  });
});

describe('an idempotent start with a large input', () => {
  it('is known by the input’s digest, and stored once', async () => {
    await using stack = await system({ executors: 1 });
    const [one, other] = stack.gateways.map(gateway => stack.tasksOf(gateway));
    const text = textOf(MiB);
    const options = { idempotencyKey: 'k' };
    const first = await one?.echo.start({ text }, options);
    const { payloadMessages } = await storedIn(stack);
    const again = await other?.echo.start({ text }, options);
    expect(again?.id).toBe(first?.id);
    await first?.result();
    // Of a task that has ended the answer has the output, as its type says.
    const outcome = await other?.echo.run({ text }, options);
    expect(outcome).toMatchObject({ id: first?.id, status: 'COMPLETED', output: { text } });
    expect((await storedIn(stack)).payloadMessages).toBe((payloadMessages ?? 0) * 2);
    for (const different of [text.toUpperCase(), 'small']) {
      const { data } = await errorOf(Promise.resolve(one?.echo.start({ text: different }, options)));
      expect(data.reason).toBe('IDEMPOTENCY_CONFLICT');
    }
  });

  it('that races another keeps its own input, or is refused', async () => {
    await using stack = await system();
    for (const key of ['a', 'b', 'c']) {
      const texts = [textOf(MiB), textOf(MiB), textOf(MiB), textOf(MiB)];
      const starts = await Promise.allSettled(
        texts.map((text, place) =>
          stack
            .tasksOf(stack.gateways[place % 2] ?? { url: '' })
            .echo.start({ text }, { idempotencyKey: key }),
        ),
      );
      const won = starts.flatMap((start, place) =>
        start.status === 'fulfilled' ? [{ task: start.value, text: texts[place] }] : [],
      );
      expect(won.length).toBe(1);
      for (const { task, text } of won) expect((await task.result()).text).toBe(text);
    }
  });
});

describe('a payload that cannot be read', () => {
  it('fails its task when it is the input, and the record says so without it', async () => {
    await using stack = await system({ executors: 0 });
    const task = await stack.tasks.echo.start({ text: textOf(MiB) });
    const waiting = await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
    await damage(stack, waiting.inputRef);
    await stack.addExecutor();
    const outcome = await task.outcome();
    expect(outcome).toMatchObject({ status: 'FAILED', error: { code: 'INPUT_UNREADABLE' } });
    const record = await task.record();
    expect(record).toMatchObject({ status: 'FAILED', omitted: ['input'], inputRef: waiting.inputRef });
    expect(record).not.toHaveProperty('input');
    const { data } = await errorOf(task.retry());
    expect(data).toMatchObject({ reason: 'PAYLOAD_DAMAGED', httpStatus: 500 });
  });

  it('is an error of its own when it is the output: damaged, or expired', async () => {
    await using stack = await system();
    const task = await stack.tasks.echo.start({ text: textOf(MiB) });
    await task.result();
    const { outputRef } = await ended(stack, task.id);
    await damage(stack, outputRef);
    const readers = [
      () => task.result(),
      () => task.record(),
      () => stack.tasks.$tasks.get(task.id),
      () => Array.fromAsync(task.events()),
    ];
    for (const read of readers)
      expect((await errorOf(read())).data).toMatchObject({ reason: 'PAYLOAD_DAMAGED', httpStatus: 500 });

    await stack.broker.jsm.streams.purge(stack.broker.topology.payloadStream);
    for (const read of readers)
      expect((await errorOf(read())).data).toMatchObject({ reason: 'PAYLOAD_EXPIRED', httpStatus: 410 });
    expect((await stack.tasks.$tasks.list()).tasks).toMatchObject([{ id: task.id, status: 'COMPLETED' }]);
  });

  it('of a running task costs its watchers no more than the input', async () => {
    await using stack = await system({ executors: 0 });
    const task = await stack.tasks.fickle.start({ text: textOf(MiB) });
    await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
    await stack.broker.jsm.streams.purge(stack.broker.topology.payloadStream);
    const events = task.events();
    const first = await events.next();
    expect(first.value).toMatchObject({
      type: 'snapshot',
      record: { status: 'PENDING', omitted: ['input'] },
    });
    await stack.addExecutor();
    const failed = await eventThat(
      stack.broker,
      'the end',
      ({ id, event }) => id === task.id && event.type === 'failed',
    );
    expect(failed.event).toMatchObject({ error: { code: 'INPUT_UNREADABLE' } });
    await events.return();
  });
});
