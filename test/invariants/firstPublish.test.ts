import { type Broker, encodeRequest } from '@longhaul/broker';
import { createTopology, firstPublishHeader } from '@longhaul/proto/wire';
import { startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { errors, type MsgHdrs } from '@nats-io/transport-node';
import { expect, inject, it } from 'vitest';
import { publishRequest } from '../../services/gateway/src/tasks/start/publishRequest.ts';

it('cancel-means-stop: only the request of a new id says that it is the first, so only its log is not read', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
  });
  const { echo } = stack.tasks.script;
  const starts = {
    plain: await echo.start({ text: 'a' }),
    keyed: await echo.start({ text: 'a' }, { idempotencyKey: 'key' }),
    later: await echo.start({ text: 'a' }, { delayMs: 60_000 }),
  };
  const ended = await echo.start({ text: 'a' });
  await ended.cancel();
  const retried = await stack.tasks.$tasks.retry(ended.id);
  const { requestStream, subjects } = stack.broker.topology;
  const saysFirst = async (subject: string) => {
    const stored = await stack.broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
    if (!stored) throw new Error(`There is nothing on ${subject}.`);
    return stored.header?.has(firstPublishHeader) ?? false;
  };
  expect({
    plain: await saysFirst(subjects.requestOf(starts.plain.id)),
    retried: await saysFirst(subjects.requestOf(retried.id)),
    keyed: await saysFirst(subjects.requestOf(starts.keyed.id)),
    later: await saysFirst(subjects.scheduleOf(starts.later.id)),
  }).toEqual({ plain: true, retried: true, keyed: false, later: false });
});

it('a publish that is repeated does not say that it is the first: the one before may be stored, and its task over', async () => {
  const said: boolean[] = [];
  const broker = {
    topology: createTopology(),
    acked: {
      publish: async (_subject: string, _data: Uint8Array, { headers }: { headers?: MsgHdrs }) => {
        said.push(headers?.has(firstPublishHeader) ?? false);
        if (said.length < 3) throw new errors.TimeoutError();
        return { stream: 'TASKS', seq: 1, duplicate: false };
      },
    },
  } as unknown as Broker;
  const id = crypto.randomUUID();
  const head = {
    v: 1 as const,
    owner: 'o',
    createdAt: new Date().toISOString(),
    priority: 'normal' as const,
  };
  const outgoing = encodeRequest(broker.payloads, { id, name: 'script.echo' }, head, {});
  await publishRequest(broker, outgoing, id, true);
  expect(said).toEqual([true, false, false]);
});
