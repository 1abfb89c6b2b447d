import { randomBytes } from 'node:crypto';
import { createClient } from '@longhaul/client';
import { createGateway } from '@longhaul/gateway';
import {
  createTopology,
  inlineLimitBytes,
  payloadRefSchema,
  progressKeptSeconds,
} from '@longhaul/proto/wire';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { committedSchema } from './committedSchemas.ts';
import { demoContract } from './demoContract.ts';
import { createDemoExecutor } from './demoExecutor.ts';
import { type Tapped, tapWire } from './wireTap.ts';

const url = inject('natsUrl');
const namespace = `schemas-${randomBytes(4).toString('hex')}`;
const { subjects, bucket } = createTopology(namespace);
const kinds = ['request', 'event', 'record', 'cancelRequest', 'cancelReply', 'failure'] as const;
type Kind = (typeof kinds)[number];

const statusOf = z.object({ status: z.string() });
const typeOf = z.object({ type: z.string() });
const withFailure = z.object({ error: z.unknown() });
const withRefs = z.object({ inputRef: payloadRefSchema.optional(), outputRef: payloadRefSchema.optional() });

let tapped: readonly Tapped[];
let seen: { readonly [K in Kind]: readonly unknown[] };

/** One task of each kind of end, each with its last record. */
async function playEveryTask(): Promise<Tapped[]> {
  const gateway = await createGateway({ contract: demoContract, nats: { servers: url }, namespace, port: 0 });
  const { count, repeat } = createClient<typeof demoContract>({ url: gateway.url }).demo;
  const stored = [subjects.allRequests, subjects.allSchedules, subjects.allEvents, subjects.allLive];
  await using tap = await tapWire(url, [...stored, `$KV.${bucket}.>`]);
  const recorded = (id: string, status: string) =>
    tap.when(
      ({ subject, json }) =>
        subject === `$KV.${bucket}.${subjects.recordKey('local', id)}` &&
        statusOf.parse(json).status === status,
    );

  const unrun = await count.start({ to: 1 });
  await unrun.cancel('nobody runs it');
  await recorded(unrun.id, 'CANCELED');

  await using _executor = await createDemoExecutor(url, namespace, 'executor-1');
  const completed = await count.start({ to: 3, stepMs: 20 }, { idempotencyKey: 'order-17', priority: 'low' });
  await recorded(completed.id, 'COMPLETED');
  const failed = await count.start({ to: 20 }, { priority: 'high' });
  await recorded(failed.id, 'FAILED');
  const large = await repeat.start({ text: 'x'.repeat(inlineLimitBytes), times: 2 });
  await recorded(large.id, 'COMPLETED');
  const scheduled = await count.start({ to: 2 }, { delayMs: 300 });
  await recorded(scheduled.id, 'COMPLETED');

  // Only now: a subscriber of cancels looks like an executor to the gateway.
  await using cancels = await tapWire(url, [subjects.cancel('*'), subjects.allAnswers]);
  const canceled = await count.start({ to: 12, stepMs: 60_000 });
  await tap.when(
    ({ subject, json }) => subject.includes(canceled.id) && typeOf.safeParse(json).data?.type === 'progress',
  );
  await canceled.cancel('enough');
  await recorded(canceled.id, 'CANCELED');
  const question = await cancels.when(({ subject }) => subject === subjects.cancel(canceled.id));
  const answer = await cancels.when(({ subject }) => subject === question.reply);
  await gateway.stop();
  return [...tap.messages, question, { ...answer, subject: 'the reply' }];
}

beforeAll(async () => {
  tapped = await playEveryTask();
  const on = (...starts: readonly string[]) =>
    tapped.filter(({ subject }) => starts.some(start => subject.startsWith(start))).map(({ json }) => json);
  const event = on(`${namespace}.event.`, `${namespace}.live.`);
  const record = on('$KV.');
  seen = {
    request: on(`${namespace}.request.`, `${namespace}.schedule.`),
    event,
    record,
    cancelRequest: on(`${namespace}.cancel.`),
    cancelReply: on('the reply'),
    failure: [...event, ...record].flatMap(json => withFailure.safeParse(json).data?.error ?? []),
  };
});

describe.each(kinds)('%s', kind => {
  test('every message on the wire fits the committed schema, and has no field that it does not name', async () => {
    const schema = await committedSchema(kind, 'documented');
    expect(seen[kind].length).toBeGreaterThan(0);
    for (const message of seen[kind]) expect(schema.safeParse(message).error).toBeUndefined();
  });

  test('the schema allows a field of a later version (but in a command), and refuses a missing one and another version', async () => {
    const schema = await committedSchema(kind, 'any');
    const message = z.record(z.string(), z.unknown()).parse(seen[kind][0]);
    expect(schema.safeParse({ ...message, addedLater: true }).success).toBe(kind !== 'cancelRequest');
    const { [Object.hasOwn(message, 'v') ? 'v' : 'code']: _missing, ...rest } = message;
    expect(schema.safeParse(rest).success).toBe(false);
    if (Object.hasOwn(message, 'v')) expect(schema.safeParse({ ...message, v: 9 }).success).toBe(false);
  });
});

test('every type of event and every terminal status was among them', () => {
  // No executor writes `retrying` yet: readers know it, so that a later one may.
  expect(new Set(seen.event.map(json => typeOf.parse(json).type))).toEqual(
    new Set(['started', 'progress', 'log', 'stopping', 'completed', 'failed', 'canceled']),
  );
  const ends = new Set(seen.record.map(json => statusOf.parse(json).status));
  expect([...ends]).toEqual(
    expect.arrayContaining(['SCHEDULED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELED']),
  );
});

test('a large input or output is nowhere in a message: a reference stands for it', () => {
  const refs = [...seen.request, ...seen.event, ...seen.record].flatMap(json => {
    const { inputRef, outputRef } = withRefs.parse(json);
    if (inputRef) expect(json).not.toHaveProperty('input');
    if (outputRef) expect(json).not.toHaveProperty('output');
    return [inputRef, outputRef].filter(ref => ref !== undefined);
  });
  expect(new Set(refs.map(({ object }) => object)).size).toBe(2);
  for (const { json } of tapped) expect(JSON.stringify(json).length).toBeLessThan(4_096);
});

describe('headers', () => {
  const on = (start: string) => tapped.filter(({ subject }) => subject.startsWith(start));

  test('a request carries the task id as its message id, also where it is scheduled', () => {
    // What a consumer delivers comes with the subject of the request too; a delivery has an acknowledgement as reply.
    const published = [...on(`${namespace}.request.`), ...on(`${namespace}.schedule.`)].filter(({ reply }) =>
      reply?.startsWith('_INBOX.'),
    );
    expect(published.length).toBe(6);
    for (const { subject, headers } of published)
      expect(subject.split('.')).toContain(headers['Nats-Msg-Id']);
  });

  test('every event names its predecessor of any kind, stored and republished', () => {
    const lastOf = new Map<string, string>();
    for (const { subject, headers } of on(`${namespace}.live.`)) {
      const [, , id = ''] = subject.split('.');
      expect(headers['Nats-Expected-Last-Subject-Sequence']).toBe(lastOf.get(id) ?? '0');
      expect(headers['Nats-Expected-Last-Subject-Sequence-Subject']).toBe(`${namespace}.event.${id}.>`);
      lastOf.set(id, headers['Nats-Sequence'] ?? '');
    }
  });

  test('the kind of an event is in its subject', () => {
    const kinds = on(`${namespace}.live.`).map(({ subject, json }) => {
      const { type } = typeOf.parse(json);
      const kind = type === 'progress' || type === 'log' ? type : 'life';
      expect(subject.split('.')[3]).toBe(kind);
      return kind;
    });
    expect(new Set(kinds)).toEqual(new Set(['life', 'progress', 'log']));
  });

  test('the first event of a task, and no other, carries the request', () => {
    for (const { json, headers } of on(`${namespace}.live.`)) {
      expect(Object.hasOwn(z.object({}).loose().parse(json), 'task')).toBe(
        headers['Nats-Expected-Last-Subject-Sequence'] === '0',
      );
    }
  });

  test('progress and logs expire by themselves, and nothing else in a log does', () => {
    const ttls = on(`${namespace}.live.`).map(({ json, headers }) => {
      const { type } = typeOf.parse(json);
      return { saying: type === 'progress' || type === 'log', ttl: headers['Nats-TTL'] };
    });
    expect(new Set(ttls.map(({ saying }) => saying))).toEqual(new Set([true, false]));
    for (const { saying, ttl } of ttls) expect(ttl).toBe(saying ? `${progressKeptSeconds}s` : undefined);
  });

  test('a record expires once it is terminal', () => {
    const terminal = ['COMPLETED', 'FAILED', 'CANCELED'];
    for (const { json, headers } of on('$KV.')) {
      expect(Object.hasOwn(headers, 'Nats-TTL')).toBe(terminal.includes(statusOf.parse(json).status));
    }
  });
});
