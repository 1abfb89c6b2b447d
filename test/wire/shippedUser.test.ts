import { createClient } from '@longhaul/client';
import { createGateway } from '@longhaul/gateway';
import { createTopology, inboxPrefixOf, inlineLimitBytes } from '@longhaul/proto/wire';
import { jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startConfiguredNats } from '../deployment/natsUsers.ts';
import { demoContract } from './demoContract.ts';
import { startForeignExecutor } from './foreignProcess.ts';

/** The first event of a task carries its request. */
const firstEvent = z.object({ task: z.object({ inputRef: z.object({ object: z.string() }) }) });
const description = z.object({ nuid: z.string(), chunks: z.int() });

test('the executor of the protocol page works as the shipped NATS user `executor`, and payloads are read as it says', async () => {
  await using nats = await startConfiguredNats();
  const gateway = await createGateway({ contract: demoContract, nats: nats.as('gateway'), port: 0 });
  const address = new URL(nats.url);
  address.username = 'executor';
  address.password = nats.password('executor');
  const foreign = startForeignExecutor(address.href, 'tasks');
  const nc = await connect({
    servers: nats.url,
    user: 'executor',
    pass: nats.password('executor'),
    inboxPrefix: inboxPrefixOf('executor'),
  });
  try {
    const { count } = createClient<typeof demoContract>({ url: gateway.url }).demo;
    expect(await (await count.start({ to: 4, stepMs: 5 })).result()).toEqual({ sum: 10 });
    const hanging = await count.start({ to: 12, stepMs: 60_000 });
    await expect.poll(async () => (await hanging.record()).status, { timeout: 20_000 }).toBe('RUNNING');
    await hanging.cancel('enough');
    expect(await hanging.outcome()).toMatchObject({ status: 'CANCELED', reason: 'enough' });

    const note = 'x'.repeat(inlineLimitBytes);
    const input = { to: 1, note };
    const large = await count.start(input);
    expect(await large.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'INPUT_UNREADABLE' } });
    const { payloadStore, eventStream } = createTopology('tasks');
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    const first = { seq: 1, next_by_subj: `tasks.event.${large.id}.>` };
    const { task } = firstEvent.parse((await jsm.streams.getMessage(eventStream, first))?.json());
    const { object } = task.inputRef;
    // What a client library does by itself needs a push consumer, by which a server publishes for others: refused.
    const store = await new Objm(nc).open(payloadStore, { check: false });
    await expect(store.getBlob(object)).rejects.toThrow('Permissions Violation');
    // The same as the page says it: the object's description, then its pieces in their order.
    const next = async (subject: string, seq: number) => {
      const query = { seq, next_by_subj: subject };
      return jsm.streams.getMessage(`OBJ_${payloadStore}`, query);
    };
    const name = Buffer.from(object).toString('base64url');
    const padded = name.padEnd(Math.ceil(name.length / 4) * 4, '=');
    const described = await next(`$O.${payloadStore}.M.${padded}`, 1);
    const { nuid, chunks } = description.parse(described?.json());
    const pieces: Uint8Array[] = [];
    for (let seq = 1; pieces.length < chunks; ) {
      const piece = await next(`$O.${payloadStore}.C.${nuid}`, seq);
      if (!piece) throw new Error(`Piece ${pieces.length + 1} of ${chunks} is not there.`);
      pieces.push(piece.data);
      seq = piece.seq + 1;
    }
    expect(JSON.parse(Buffer.concat(pieces).toString())).toEqual({ to: 1, note });
  } finally {
    await nc.close();
    await foreign[Symbol.asyncDispose]();
    await gateway.stop();
  }
});
