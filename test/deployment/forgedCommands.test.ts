import {
  type Broker,
  createBroker,
  ensureTopology,
  openConnection,
  readCommand,
  sendCommand,
} from '@longhaul/broker';
import {
  type CommandRole,
  cancelRequestSchema,
  commandRoles,
  controlRequestSchema,
  createTopology,
  freedSchema,
  holderRequestSchema,
  type NatsUser,
  wakeSchema,
} from '@longhaul/proto/wire';
import { within } from '@longhaul/testing';
import { headers, type Msg } from '@nats-io/transport-node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { type ConfiguredNats, startConfiguredNats } from './natsUsers.ts';

/**
 * Whatever a server can be brought to publish on the subject of a command is no command: each way is tried on a real
 * server, with a stored payload that would be a right one.
 */

const id = '01890000-0000-7000-8000-000000000000';
const { subjects } = createTopology();

type Command = {
  readonly subject: string;
  readonly schema: z.ZodType;
  readonly right: object;
  readonly from: readonly CommandRole[];
};
const commands: { readonly [name: string]: Command } = {
  cancel: { subject: subjects.cancel(id), schema: cancelRequestSchema, right: { v: 1 }, from: ['gateway'] },
  control: {
    subject: subjects.control(id),
    schema: controlRequestSchema,
    right: { v: 1, do: 'pause', by: 'ann' },
    from: ['gateway'],
  },
  wake: { subject: subjects.executorWake, schema: wakeSchema, right: { v: 1 }, from: ['gateway'] },
  holder: {
    subject: subjects.holder('x'),
    schema: holderRequestSchema,
    right: { v: 1, id, do: 'look' },
    from: commandRoles,
  },
  freed: {
    subject: subjects.limitFreed,
    schema: freedSchema,
    right: { v: 1, limit: 'x' },
    from: ['executor'],
  },
};

let nats: ConfiguredNats;
let gateway: Broker;
let executor: Broker;
const opened: (() => Promise<void>)[] = [];

async function brokerOf(user: NatsUser, role: CommandRole): Promise<Broker> {
  const { nc, close } = await openConnection(nats.as(user), `test ${user}`);
  opened.push(close);
  return createBroker(nc, createTopology(), { role });
}

beforeAll(async () => {
  nats = await startConfiguredNats();
  opened.push(() => nats[Symbol.asyncDispose]());
  gateway = await brokerOf('gateway', 'gateway');
  executor = await brokerOf('executor', 'executor');
  await ensureTopology(gateway);
});
afterAll(async () => {
  for (const close of opened.reverse()) await close();
});

/** What an observer may send with a reply subject of his choice. */
const questions: readonly (readonly [what: string, subject: string, payload: (stored: string) => unknown])[] =
  [
    ['a direct get', '$JS.API.DIRECT.GET.KV_tasks', stored => ({ last_by_subj: stored })],
    [
      'a batch of direct gets',
      '$JS.API.DIRECT.GET.KV_tasks',
      stored => ({ multi_last: [stored], batch: 10 }),
    ],
    ['a get from the leader', '$JS.API.STREAM.MSG.GET.KV_tasks', stored => ({ last_by_subj: stored })],
    ["the API's information", '$JS.API.INFO', () => ''],
    ["a stream's information", '$JS.API.STREAM.INFO.KV_tasks', () => ''],
    ['the question who is there', subjects.executorStatus, () => ({})],
    ['the services of the server', '$SRV.PING', () => ''],
  ];

// First in this file: the push consumers of the other tests live for some seconds, and publish to the same subjects.
describe('an observer who chooses where the answer goes', () => {
  const stored = '$KV.tasks.local.looked-up';
  const targets = [
    ...Object.entries(commands).map(([name, { subject }]) => [`the command ${name}`, subject] as const),
    ['a record', '$KV.tasks.local.forged'] as const,
    ['a request', subjects.request({ id, name: 'x.y', priority: 'normal' })] as const,
    ['an event', subjects.event({ id, name: 'x.y' }, 'life')] as const,
  ];

  it.each(targets)('has the server publish nothing to %s', async (_what, target) => {
    const observer = await brokerOf('observer', 'gateway');
    await gateway.js.publish(stored, JSON.stringify({ v: 1 }));
    const counted = async () => {
      const { requestStream, eventStream, bucketStream } = createTopology();
      const streams = [requestStream, eventStream, bucketStream].map(name => gateway.jsm.streams.info(name));
      return (await Promise.all(streams)).map(({ config, state }) => [config.name, state.last_seq]);
    };
    const before = await counted();
    const heard: string[] = [];
    const listeners = [gateway, executor].map(({ nc }) =>
      nc.subscribe(target, { callback: (error, message) => void (error ?? heard.push(message.subject)) }),
    );
    await Promise.all([gateway.nc.flush(), executor.nc.flush()]);
    for (const [, subject, payload] of questions) {
      const data = payload(stored);
      observer.nc.publish(subject, data === '' ? '' : JSON.stringify(data), { reply: target });
    }
    // Asked behind them on the same connection: what they bring about has come about when it is answered.
    await observer.jsm.streams.getMessage('KV_tasks', { last_by_subj: stored });
    await observer.nc.flush();
    await Promise.all([gateway.nc.flush(), executor.nc.flush()]);
    expect(await counted()).toEqual(before);
    expect(heard).toEqual([]);
    for (const listener of listeners) listener.unsubscribe();
  });
});

/** Has the server publish on a subject; the stored message is a right command. */
type Way = (target: string, storedSubject: string) => Promise<unknown>;
const push = (target: string, storedSubject: string, more: object) =>
  gateway.jsm.consumers.add('KV_tasks', {
    name: `push-${Math.random().toString(36).slice(2)}`,
    filter_subject: storedSubject,
    deliver_subject: target,
    inactive_threshold: 2_000_000_000,
    ...more,
  });
const request = async (subject: string, payload: unknown, reply: string) => {
  gateway.nc.publish(subject, JSON.stringify(payload), { reply });
  await gateway.nc.flush();
};
const ways: { readonly [name: string]: Way } = {
  'a push consumer that acknowledges nothing': (target, stored) =>
    push(target, stored, { ack_policy: 'none' }),
  'a push consumer with acknowledgements': (target, stored) =>
    push(target, stored, { ack_policy: 'explicit' }),
  'a push consumer of headers alone': (target, stored) =>
    push(target, stored, { ack_policy: 'none', headers_only: true }),
  'the heartbeats and the flow control of a push consumer': (target, stored) =>
    push(target, stored, { ack_policy: 'none', idle_heartbeat: 100_000_000, flow_control: true }),
  'the answer to a direct get': (target, stored) =>
    request('$JS.API.DIRECT.GET.KV_tasks', { last_by_subj: stored }, target),
  'the answer to a get from the leader': (target, stored) =>
    request('$JS.API.STREAM.MSG.GET.KV_tasks', { last_by_subj: stored }, target),
  'a batch of direct gets': (target, stored) =>
    request('$JS.API.DIRECT.GET.KV_tasks', { multi_last: [stored], batch: 10 }, target),
  'the acknowledgement of a publish': (target, stored) => request(stored, { v: 1 }, target),
  'the answer of the API': target => request('$JS.API.INFO', '', target),
};

describe.each(Object.entries(commands))('%s', (_name, { subject, schema, right, from }) => {
  const stored = '$KV.tasks.local.command';

  it.each(Object.entries(ways))('is not forged by %s', async (_way, act) => {
    // A reader may have a header that somebody stored: none makes it a command.
    const head = headers();
    head.set('Nats-Reply', `${subjects.answers('gateway')}.x`);
    await gateway.js.publish(stored, JSON.stringify(right), { headers: head });
    const refusals: string[] = [];
    const accepted: unknown[] = [];
    const arrived = Promise.withResolvers<void>();
    const own = Promise.withResolvers<void>();
    const log = { warn: (_fields: object, text: string) => void refusals.push(text) };
    const subscription = executor.nc.subscribe(subject, {
      callback: (_error, message) => {
        const command = readCommand(executor, log, schema, message, from);
        if (command !== undefined) {
          accepted.push(command);
          own.resolve();
        } else arrived.resolve();
      },
    });
    await executor.nc.flush();
    await act(subject, stored);
    await within('what the server publishes', arrived.promise);
    expect(refusals[0]).toMatch(/does not come from a /);
    expect(accepted).toEqual([]);
    // And the right one gets through.
    sendCommand(from.includes('gateway') ? gateway : executor, subject, right);
    await within('the command', own.promise);
    expect(accepted).toEqual([right]);
    subscription.unsubscribe();
  });

  it('has a strict schema: no field more, none less', () => {
    const message = (payload: unknown, reply = `${subjects.answers(from[0] ?? 'gateway')}.x`): Msg =>
      ({ subject, reply, data: new TextEncoder().encode(JSON.stringify(payload)) }) as Msg;
    const read = (payload: unknown, reply?: string) =>
      readCommand(executor, { warn: () => {} }, schema, message(payload, reply), from);
    expect(read(right)).toEqual(right);
    expect(read({ ...right, more: 1 })).toBeUndefined();
    for (const field of Object.keys(right)) {
      const { [field]: _gone, ...less } = right as Record<string, unknown>;
      expect(read(less)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.jsonValue(), payload => {
        const fits = schema.safeParse(payload).success;
        expect(read(payload) !== undefined).toBe(fits);
      }),
    );
    const token = fc.stringMatching(/^[a-zA-Z0-9_$]{1,12}$/);
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 5 }), tokens => {
        fc.pre(!(tokens[0] === 'tasks' && tokens[1] === 'answer'));
        expect(read(right, tokens.join('.'))).toBeUndefined();
      }),
    );
    for (const reply of ['', 'tasks.answer.gateway', 'tasks.answer.gatewayx.y', 'x.tasks.answer.gateway.y'])
      expect(read(right, reply)).toBeUndefined();
  });
});
