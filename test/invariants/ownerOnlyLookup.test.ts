import { createBroker, IdSecret } from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { eventThat, freshNamespace, type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { RecordStore } from '../../services/gateway/src/records/recordStore.ts';
import { defaultRetention } from '../../services/gateway/src/records/retention.ts';
import { createFindTask } from '../../services/gateway/src/tasks/read/findTask.ts';
import { newTaskId } from '../../services/gateway/src/tasks/start/idempotency.ts';

/** Invariant 8, owner-only: nor does anybody find out which tasks of others there are. */

let stack: Stack<ScriptedContract>;
const ids = new Map<string, string>();
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
  });
  const { script } = stack.tasks;
  ids.set('SCHEDULED', (await script.echo.start({ text: 'later' }, { delayMs: 600_000 })).id);
  const running = await script.hang.start({});
  await eventThat(stack.broker, 'started', ({ id, event }) => id === running.id && event.type === 'started');
  ids.set('RUNNING', running.id);
  ids.set('COMPLETED', (await script.count.run({ steps: 3 })).id);
  const failed = await script.fail.start({ declared: true });
  await failed.outcome();
  ids.set('FAILED', failed.id);
  await stack.tasks.$types.pause('script.echo');
  const keyed = await script.echo.start({ text: 'waits' }, { idempotencyKey: 'k' });
  ids.set('PENDING, of a key', keyed.id);
});
afterAll(() => stack[Symbol.asyncDispose]());

describe("another owner's task is answered like one that is not there", () => {
  const states = ['SCHEDULED', 'RUNNING', 'COMPLETED', 'FAILED', 'PENDING, of a key'];
  it.each(
    states.flatMap(state => [
      [state, true],
      [state, false],
    ]) as [string, boolean][],
  )('%s, in the index: %s: as many calls to NATS', async (state, isKnown) => {
    const { broker, nc } = stack;
    const store = new RecordStore(broker, defaultRetention);
    const index = { get: (id: string) => (isKnown && [...ids.values()].includes(id) ? known : undefined) };
    const known = { owner: 'local' } as ReturnType<Parameters<typeof createFindTask>[2]['get']>;
    const find = createFindTask(broker, store, index, defaultRetention);
    const callsOf = async (owner: string, id: string) => {
      const before = nc.stats().outMsgs;
      const found = await find({ owner, role: 'user' }, id);
      return { calls: nc.stats().outMsgs - before, found: found?.id };
    };
    // What the store asks once for all.
    await callsOf('mallory', newTaskId());
    const unknown = await callsOf('mallory', newTaskId());
    expect(unknown).toEqual({ calls: expect.any(Number), found: undefined });
    const id = ids.get(state) ?? '';
    expect(await callsOf('mallory', id)).toEqual(unknown);
    expect((await callsOf('local', id)).found).toBe(id);
  });
});

describe('the id of a key', () => {
  it('is made with a secret that all gateways share, whichever is first', async () => {
    const nc = await connect({ servers: inject('natsUrl') });
    const broker = await createBroker(nc, createTopology(freshNamespace()));
    const secrets = await Promise.all(
      Array.from({ length: 8 }, async () => (await IdSecret.open(broker)).bytes),
    );
    expect(new Set(secrets.map(secret => Buffer.from(secret).toString('hex'))).size).toBe(1);
    expect(secrets[0]).toHaveLength(32);
    await broker.jsm.streams.delete(broker.topology.secretBucketStream);
    await nc.close();
  });

  it('is the same at each gateway, and another in another deployment', async () => {
    const second = await stack.addGateway();
    const again = await stack.tasksOf(second).script.echo.start({ text: 'waits' }, { idempotencyKey: 'k' });
    expect(again.id).toBe(ids.get('PENDING, of a key'));
    await using other = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
    const elsewhere = await other.tasks.script.echo.start({ text: 'waits' }, { idempotencyKey: 'k' });
    expect(elsewhere.id).not.toBe(again.id);
  });
});
