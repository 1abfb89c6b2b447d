import { randomBytes } from 'node:crypto';
import { createTopology, inlineLimitBytes } from '@longhaul/proto/wire';
import { Objm } from '@nats-io/obj';
import { connect, headers } from '@nats-io/transport-node';
import { describe, expect, inject, it } from 'vitest';
import { createBroker } from './broker.ts';
import { highestPayloadLimitBytes, type PayloadError, type PayloadStoreOptions } from './payloadStore.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

/** A payload store of its own on the shared server. */
async function opened(options: PayloadStoreOptions = {}, namespace = `p${randomBytes(6).toString('hex')}`) {
  const nc = await connect({ servers: inject('natsUrl') });
  const broker = await createBroker(nc, createTopology(namespace), options).catch(async error => {
    await nc.close();
    throw error;
  });
  const { payloads, jsm, js, topology } = broker;
  await payloads.ensure();
  return {
    payloads,
    js,
    jsm,
    bucket: topology.payloadStore,
    namespace,
    objects: await new Objm(js).open(topology.payloadStore),
    stream: topology.payloadStream,
    metaOf: (object: string) => topology.payloadMeta(Buffer.from(object).toString('base64')),
    piecesOf: async (object: string) => {
      const info = await (await new Objm(js).open(topology.payloadStore)).info(object);
      return topology.payloadPieces(info?.nuid ?? '');
    },
    [Symbol.asyncDispose]: async () => {
      await jsm.streams.delete(topology.payloadStream).catch(() => {});
      await nc.close();
    },
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: PayloadError) => error.code,
  );

describe('a payload', () => {
  it.each([1, inlineLimitBytes - 2, inlineLimitBytes - 1, 3 * inlineLimitBytes + 17])(
    'of %i characters comes back as it was stored, and other clients can read it',
    async length => {
      await using store = await opened();
      const value = 'é'.repeat(2) + 'x'.repeat(length);
      const packed = store.payloads.pack('a.input', bytesOf(value));
      await store.payloads.put(packed);
      expect(packed.ref).toMatchObject({ object: expect.stringMatching(/^a\.input\./), bytes: length + 6 });
      expect(await store.payloads.get(packed.ref)).toBe(value);
      const blob = await store.objects.getBlob(packed.ref.object);
      expect(Buffer.from(blob ?? []).toString()).toBe(JSON.stringify(value));
      expect(await store.objects.info(packed.ref.object)).toMatchObject({
        digest: packed.ref.digest,
        size: packed.ref.bytes,
      });
    },
  );

  it('gets a name of its own, and may be stored again when an answer was lost', async () => {
    await using store = await opened();
    const [one, other] = ['one', 'other'].map(value => store.payloads.pack('a.input', bytesOf(value)));
    if (!one || !other) throw new Error('two were packed');
    expect(one.ref.object).not.toBe(other.ref.object);
    for (const packed of [one, other, one]) await store.payloads.put(packed);
    expect(await store.payloads.get(one.ref)).toBe('one');
    expect(await store.payloads.get(other.ref)).toBe('other');
  });

  it('cannot be replaced or removed by a message that stands for all others', async () => {
    await using store = await opened();
    const packed = store.payloads.pack('a.input', bytesOf('kept'));
    await store.payloads.put(packed);
    for (const [subject, which] of [
      [await store.piecesOf(packed.ref.object), 'sub'],
      [await store.piecesOf(packed.ref.object), 'all'],
      [`$O.${store.bucket}.M.x`, 'all'],
    ] as const) {
      const all = headers();
      all.set('Nats-Rollup', which);
      await expect(store.js.publish(subject, '', { headers: all })).rejects.toThrow(/rollup not permitted/);
    }
    expect(await store.payloads.get(packed.ref)).toBe('kept');
  });

  it('of a store of an earlier version is protected from then on', async () => {
    await using store = await opened({ payloadsKeptMs: 8 * 24 * 60 * 60 * 1_000 });
    await store.jsm.streams.update(store.stream, { allow_rollup_hdrs: true });
    await store.payloads.ensure();
    expect((await store.jsm.streams.info(store.stream)).config.allow_rollup_hdrs).toBe(false);
  });

  it('that is too large is neither stored nor read', async () => {
    await using store = await opened({ payloadLimitBytes: inlineLimitBytes });
    const data = bytesOf('x'.repeat(inlineLimitBytes));
    expect(() => store.payloads.pack('a.input', data)).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }),
    );
    await using larger = await opened({}, store.namespace);
    const packed = larger.payloads.pack('a.input', data);
    await larger.payloads.put(packed);
    expect(await codeOf(store.payloads.get(packed.ref))).toBe('PAYLOAD_TOO_LARGE');
  });

  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
  const members = (count: number) =>
    Object.fromEntries(numbers(count).map(n => [`k${n}`, { same: 1, other: [] }]));
  const narrow = { values: 1_000, keys: 100 };
  it.each([
    ['as many values as it may have', numbers(1_000), undefined],
    ['one value more', numbers(1_001), 'jsonBreadth.values'],
    ['values in values', [numbers(500), { more: numbers(499) }], 'jsonBreadth.values'],
    ['as many names as it may have', members(98), undefined],
    ['one name more', members(99), 'jsonBreadth.keys'],
    ['the same name again and again', numbers(900).map(() => ({}) as object), undefined],
    ['a long text of what would be too much', JSON.stringify(numbers(200_000)), undefined],
    // Over several pieces of the object, with the excess in the last.
    ['the excess at its end', ['x'.repeat(3 * inlineLimitBytes), numbers(2_000)], 'jsonBreadth.values'],
  ])(
    'with %s is counted before it is written, and again before it is parsed',
    async (_what, value, limit) => {
      await using wide = await opened();
      await using store = await opened({ jsonBreadth: narrow }, wide.namespace);
      const data = bytesOf(value);
      const { ref } = wide.payloads.pack('a.output', data);
      const packed = { ref, data };
      await wide.payloads.put(packed);
      if (limit === undefined) {
        expect(() => store.payloads.requireNarrow(data)).not.toThrow();
        expect(await store.payloads.get(ref)).toEqual(value);
        return;
      }
      const error = expect.objectContaining({
        code: 'PAYLOAD_TOO_LARGE',
        message: expect.stringContaining(limit),
      });
      expect(() => store.payloads.requireNarrow(data)).toThrow(error);
      await expect(store.payloads.get(ref)).rejects.toThrow(error);
      // A process with other limits takes it.
      expect(await wide.payloads.get(ref)).toEqual(value);
    },
  );

  it.each([0, -1, 1.5, Number.NaN])('store takes no breadth of %d', async limit => {
    for (const jsonBreadth of [{ values: limit }, { keys: limit }])
      await expect(opened({ jsonBreadth })).rejects.toThrow(RangeError);
  });

  it('that is gone is missing; one of which a part is gone or another is damaged', async () => {
    await using store = await opened();
    const put = async (value: string) => {
      const packed = store.payloads.pack('a.input', bytesOf(value));
      await store.payloads.put(packed);
      return packed.ref;
    };
    const [gone, empty, cut, swapped, text] = await Promise.all(
      ['gone', 'empty', 'x'.repeat(3 * inlineLimitBytes), 'swapped', 'text'].map(put),
    );
    if (!gone || !empty || !cut || !swapped || !text) throw new Error('five were put');
    await store.jsm.streams.purge(store.stream, { filter: store.metaOf(gone.object) });
    expect(await codeOf(store.payloads.get(gone))).toBe('PAYLOAD_MISSING');
    expect(await codeOf(store.payloads.get({ ...gone, object: 'never' }))).toBe('PAYLOAD_MISSING');

    await store.jsm.streams.purge(store.stream, { filter: await store.piecesOf(empty.object) });
    expect(await codeOf(store.payloads.get(empty))).toBe('PAYLOAD_MISSING');

    await store.jsm.streams.purge(store.stream, { filter: await store.piecesOf(cut.object), keep: 2 });
    expect(await codeOf(store.payloads.get(cut))).toBe('PAYLOAD_DAMAGED');

    const other = store.payloads.pack('a.input', bytesOf('SWAPPED'));
    await store.payloads.put({ ...other, ref: { ...other.ref, object: swapped.object } });
    expect(await codeOf(store.payloads.get(swapped))).toBe('PAYLOAD_DAMAGED');

    const noJson = store.payloads.pack('a.input', Buffer.from('{"'));
    await store.payloads.put(noJson);
    expect(await codeOf(store.payloads.get(noJson.ref))).toBe('PAYLOAD_DAMAGED');
    expect(await store.payloads.get(text)).toBe('text');
  });
});

describe('the store', () => {
  const keptMs = async ({ jsm, stream }: Awaited<ReturnType<typeof opened>>) => {
    const { config } = await jsm.streams.info(stream);
    return config.max_age / 1_000_000;
  };

  it('keeps payloads for 8 days, for longer where a gateway needs that, and never for less', async () => {
    await using store = await opened();
    expect(await keptMs(store)).toBe(8 * dayMs);
    await using _less = await opened({ payloadsKeptMs: dayMs }, store.namespace);
    expect(await keptMs(store)).toBe(8 * dayMs);
    await using _more = await opened({ payloadsKeptMs: 20 * dayMs }, store.namespace);
    expect(await keptMs(store)).toBe(20 * dayMs);
    await using _default = await opened({}, store.namespace);
    expect(await keptMs(store)).toBe(20 * dayMs);
    // An operator may keep them for ever.
    await store.jsm.streams.update(store.stream, { max_age: 0 });
    await store.payloads.ensure();
    await using _again = await opened({ payloadsKeptMs: 20 * dayMs }, store.namespace);
    expect(await keptMs(store)).toBe(0);
  });

  it('is made once by many at a time, and keeps payloads as long as any of them needs', async () => {
    const namespace = `p${randomBytes(6).toString('hex')}`;
    const days = [undefined, 12, 12, undefined, 12];
    const stores = await Promise.all(
      days.map(n => opened(n === undefined ? {} : { payloadsKeptMs: n * dayMs }, namespace)),
    );
    try {
      expect(await keptMs(stores[0] as Awaited<ReturnType<typeof opened>>)).toBe(12 * dayMs);
    } finally {
      for (const store of stores) await store[Symbol.asyncDispose]();
    }
  });

  it.each([0, inlineLimitBytes - 1, highestPayloadLimitBytes + 1, inlineLimitBytes + 0.5, Number.NaN])(
    'takes no limit of %d bytes',
    async payloadLimitBytes => {
      await expect(opened({ payloadLimitBytes })).rejects.toThrow(RangeError);
    },
  );
});
