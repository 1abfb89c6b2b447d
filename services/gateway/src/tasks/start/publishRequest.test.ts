import { type Broker, createBroker, encodeRequest } from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newTaskId } from './idempotency.ts';
import { publishRequest } from './publishRequest.ts';

const topology = createTopology(freshNamespace());
let broker: Broker;
beforeAll(async () => {
  broker = await createBroker(await connect({ servers: inject('natsUrl') }), topology);
});
afterAll(async () => {
  await broker.jsm.streams.delete(topology.requestStream);
  await broker.nc.close();
});

// As a server of a cluster answers that has not heard of the new leader yet: at once, that nobody listens.
test('a start outlasts any number of refusals that come at once', async () => {
  const id = newTaskId();
  const head = { v: 1, owner: 'local', createdAt: new Date(0).toISOString(), priority: 'normal' } as const;
  const outgoing = encodeRequest(broker.payloads, { id, name: 'script.echo' }, head, { text: 'x' });
  let refusals = 0;
  const many = new Promise<void>(resolve => {
    broker.acked.onFailure(() => {
      refusals += 1;
      if (refusals === 9) resolve();
    });
  });
  const published = publishRequest(broker, outgoing, id);
  await many;
  const { subjects, ...requests } = topology.streams.requests;
  await broker.jsm.streams.add({ ...requests, subjects: [...subjects] });
  expect(await published).toMatchObject({ stream: topology.requestStream, duplicate: false });
}, 60_000);
