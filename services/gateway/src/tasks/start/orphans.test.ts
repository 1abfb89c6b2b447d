import { createBroker, encode, ensureTopology } from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace, recordThat } from '@longhaul/testing';
import { connect } from '@nats-io/transport-node';
import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { Orphans } from '../../maintenance/orphans.ts';
import { RecordIndex } from '../../records/recordIndex.ts';
import { RecordStore } from '../../records/recordStore.ts';
import { defaultRetention } from '../../records/retention.ts';
import { newTaskId } from './idempotency.ts';
import { PendingRecords } from './pendingRecords.ts';

it('writes the record of a task whose gateway died before it could, once it is old enough', async () => {
  const nc = await connect({ servers: inject('natsUrl') });
  const broker = await createBroker(nc, createTopology(freshNamespace()));
  const logger = pino({ level: 'silent' });
  await ensureTopology(broker);
  const index = new RecordIndex(broker, logger);
  await index.start();
  const pending = new PendingRecords(new RecordStore(broker, defaultRetention), index, logger);
  const orphans = new Orphans(broker, logger, index, pending);

  const id = newTaskId();
  const request = {
    v: 1,
    owner: 'ann',
    createdAt: new Date().toISOString(),
    priority: 'low',
    input: { a: 1 },
  };
  await broker.js.publish(
    broker.topology.subjects.request({ priority: 'low', id, name: 'some.task' }),
    encode(request),
  );
  await orphans.scan(Date.now());
  expect(index.get(id)).toBeUndefined();

  await orphans.scan(Date.now() + 60_000);
  expect(index.get(id)).toMatchObject({ owner: 'ann', name: 'some.task', status: 'PENDING' });
  expect(await recordThat(broker, 'its record', record => record.id === id)).toMatchObject({
    input: { a: 1 },
    seq: 0,
  });

  await orphans.stop();
  await pending.stop();
  index.stop();
  const { requestStream, eventStream, bucketStream } = broker.topology;
  await Promise.all([requestStream, eventStream, bucketStream].map(name => broker.jsm.streams.delete(name)));
  await nc.close();
});
