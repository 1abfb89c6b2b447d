import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace, within } from '@longhaul/testing';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type Broker, createBroker } from './broker.ts';
import { encode } from './codec.ts';
import { RevisionedBucket } from './revisionedBucket.ts';

const schema = z.object({ count: z.int() });
const bucketName = freshNamespace();
const stream = `KV_${bucketName}`;
const key = (name: string) => `$KV.${bucketName}.${name}`;
const connections: NatsConnection[] = [];
let broker: Broker;

/** The bucket as another process has it. */
async function open(): Promise<Broker> {
  const nc = await connect({ servers: inject('natsUrl') });
  connections.push(nc);
  return createBroker(nc, createTopology(bucketName));
}
beforeAll(async () => {
  broker = await open();
  await new Kvm(broker.js).create(bucketName, { history: 1, markerTTL: 60_000, allow_direct: true });
});
afterAll(async () => {
  await broker.jsm.streams.delete(stream);
  await Promise.all(connections.map(nc => nc.close()));
});
const bucket = () => new RevisionedBucket(broker, { stream, schema });

describe('a write', () => {
  it('of a new key expects that there was none; of a known one, its revision', async () => {
    const subject = key('write');
    expect(await bucket().read(subject)).toEqual({ value: undefined, revision: 0 });
    const first = await bucket().put(subject, { count: 1 }, 0);
    expect(await bucket().put(subject, { count: 9 }, 0)).toBeUndefined();
    const second = await bucket().put(subject, { count: 2 }, first ?? -1);
    expect(await bucket().put(subject, { count: 9 }, first ?? -1)).toBeUndefined();
    expect(await bucket().read(subject)).toEqual({ value: { count: 2 }, revision: second });
    expect(await bucket().readNearest(subject)).toEqual({ value: { count: 2 }, revision: second });
  });

  it('of two at once of one revision, one is let through', async () => {
    const subject = key('race');
    const other = new RevisionedBucket(await open(), { stream, schema });
    for (let round = 0, revision = 0; round < 20; round += 1) {
      const won = await Promise.all([
        bucket().put(subject, { count: round }, revision),
        other.put(subject, { count: -round }, revision),
      ]);
      expect(won.filter(each => each !== undefined)).toHaveLength(1);
      revision = won.find(each => each !== undefined) ?? -1;
    }
  });

  it('with a time to live is gone after it, and its marker has the revision to expect', async () => {
    const subject = key('expiring');
    const watched = await (await new Kvm(broker.js).open(bucketName)).watch({ key: 'expiring' });
    const revision = await bucket().put(subject, { count: 1 }, 0, '1s');
    const marker = (async () => {
      for await (const entry of watched) if (entry.length === 0) return entry.revision;
      return undefined;
    })();
    const gone = await within('the expiry', marker);
    expect(gone).toBeGreaterThan(revision ?? Number.POSITIVE_INFINITY);
    expect(await bucket().read(subject)).toEqual({ value: undefined, revision: gone });
    expect(await bucket().put(subject, { count: 2 }, gone ?? -1)).toBeGreaterThan(gone ?? 0);
  });

  it('is encoded as its store says', async () => {
    const halved = new RevisionedBucket(broker, {
      stream,
      schema,
      encode: ({ count }) => encode({ count: count / 2 }),
    });
    await halved.put(key('halved'), { count: 8 }, 0);
    expect((await bucket().read(key('halved'))).value).toEqual({ count: 4 });
  });
});

describe('a removal', () => {
  it('expects the revision as well; the key can be written again', async () => {
    const subject = key('removed');
    const first = (await bucket().put(subject, { count: 1 }, 0)) ?? -1;
    const second = (await bucket().put(subject, { count: 2 }, first)) ?? -1;
    expect(await bucket().remove(subject, first)).toBe(false);
    expect(await bucket().remove(subject, second)).toBe(true);
    const { value, revision } = await bucket().read(subject);
    expect(value).toBeUndefined();
    expect(await bucket().put(subject, { count: 3 }, revision)).toBeGreaterThan(revision);
  });
});

describe('an update', () => {
  it('loses none of many changes by several processes', async () => {
    const subject = key('updated');
    const processes = [broker, await open(), await open()];
    await bucket().put(subject, { count: 0 }, 0);
    await Promise.all(
      processes.flatMap(each => {
        const mine = new RevisionedBucket(each, { stream, schema });
        return Array.from({ length: 10 }, () => mine.update(subject, ({ count }) => ({ count: count + 1 })));
      }),
    );
    expect((await bucket().read(subject)).value).toEqual({ count: 30 });
  });

  it('writes nothing where nothing changes, and makes no value where there is none', async () => {
    const subject = key('unchanged');
    expect(await bucket().update(subject, () => ({ count: 1 }))).toBeUndefined();
    const revision = await bucket().put(subject, { count: 7 }, 0);
    expect(await bucket().update(subject, value => value)).toEqual({ count: 7 });
    expect((await bucket().read(subject)).revision).toBe(revision);
  });
});

it('a value of another program is a bad message, and no value', async () => {
  await broker.js.publish(key('foreign'), '{"count":"many"}');
  await expect(bucket().read(key('foreign'))).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
});
