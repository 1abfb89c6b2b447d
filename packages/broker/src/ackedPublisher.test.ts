import { randomBytes } from 'node:crypto';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { type JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { connect, createInbox, errors } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { AckedPublisher } from './ackedPublisher.ts';
import { createBroker } from './broker.ts';
import { isUnavailable, isWrongLastSequence } from './brokerErrors.ts';

const stream = `a${randomBytes(6).toString('hex')}`;
const nc = await connect({ servers: inject('natsUrl') });
const jsm = await jetstreamManager(nc);
const data = Buffer.from('"x"');
const timeoutMs = 5_000;

beforeAll(async () => {
  await jsm.streams.add({ name: stream, subjects: [`${stream}.>`], allow_msg_ttl: true, allow_direct: true });
});
afterAll(async () => {
  await jsm.streams.delete(stream);
  await nc.close();
});

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a publish is acknowledged', () => {
  const acked = new AckedPublisher(nc, createInbox(), timeoutMs);

  test('with its sequence, each with its own, however many are under way', async () => {
    const subjects = Array.from({ length: 300 }, (_, i) => `${stream}.many.${i}`);
    const acks = await Promise.all(subjects.map(subject => acked.publish(subject, data)));
    const stored = await jsm.direct.getMessage(stream, { last_by_subj: subjects[250] ?? '' });
    expect(acks[250]).toEqual({ stream, seq: stored?.seq, duplicate: false });
    expect(new Set(acks.map(({ seq }) => seq)).size).toBe(300);
  });

  test('as a duplicate, where its message id was used before', async () => {
    const publish = () => acked.publish(`${stream}.once`, data, { msgID: 'the-same' });
    const first = await publish();
    expect(await publish()).toEqual({ ...first, duplicate: true });
  });

  test('and its time to live is stored with it', async () => {
    await acked.publish(`${stream}.short`, data, { ttl: '60s' });
    const stored = await jsm.direct.getMessage(stream, { last_by_subj: `${stream}.short` });
    expect(stored?.header.get('Nats-TTL')).toBe('60s');
  });
});

describe('a publish fails', () => {
  test('with 10071 where the subject has gone on', async () => {
    const acked = new AckedPublisher(nc, createInbox(), timeoutMs);
    const subject = `${stream}.chain`;
    const { seq } = await acked.publish(subject, data, { expect: { lastSubjectSequence: 0 } });
    const late = await failure(acked.publish(subject, data, { expect: { lastSubjectSequence: 0 } }));
    expect(late).toMatchObject({ code: 10071 } satisfies Partial<JetStreamApiError>);
    expect(isWrongLastSequence(late)).toBe(true);
    const next = await acked.publish(subject, data, { expect: { lastSubjectSequence: seq } });
    expect(next.seq).toBeGreaterThan(seq);
  });

  test('at once where no stream listens', async () => {
    const error = await failure(
      new AckedPublisher(nc, createInbox(), timeoutMs).publish(`${stream}-none`, data),
    );
    expect(error).toBeInstanceOf(errors.RequestError);
    expect(isUnavailable(error)).toBe(true);
  });

  test('in time where somebody listens who does not answer; others are not held up', async () => {
    const mute = nc.subscribe(`${stream}-mute`, { callback: () => {} });
    const acked = new AckedPublisher(nc, createInbox(), 100);
    const unanswered = failure(acked.publish(`${stream}-mute`, data));
    await acked.publish(`${stream}.loud`, data);
    expect(await unanswered).toBeInstanceOf(errors.TimeoutError);
    expect(isUnavailable(await unanswered)).toBe(true);
    mute.unsubscribe();
  });

  test('when the connection is closed, before or meanwhile', async () => {
    const other = await connect({ servers: inject('natsUrl') });
    const mute = nc.subscribe(`${stream}-deaf`, { callback: () => {} });
    const acked = new AckedPublisher(other, createInbox(), timeoutMs);
    const meanwhile = failure(acked.publish(`${stream}-deaf`, data));
    await other.close();
    expect(isUnavailable(await meanwhile)).toBe(true);
    expect(isUnavailable(await failure(acked.publish(`${stream}-deaf`, data)))).toBe(true);
    mute.unsubscribe();
  });

  test('as soon as the connection is replaced, since no acknowledgement can come; later ones are acknowledged', async () => {
    await using other = {
      nc: await connect({ servers: inject('natsUrl') }),
      [Symbol.asyncDispose]: () => other.nc.close(),
    };
    const mute = nc.subscribe(`${stream}-gone`, { callback: () => {} });
    const acked = new AckedPublisher(other.nc, createInbox(), 600_000);
    const before = failure(acked.publish(`${stream}-gone`, data));
    await other.nc.reconnect();
    expect(await before).toBeInstanceOf(errors.ConnectionError);
    expect(isUnavailable(await before)).toBe(true);
    await acked.publish(`${stream}.again`, data);
    mute.unsubscribe();
  });

  test('as soon as its stream has another leader, since the earlier one does not answer; later ones are acknowledged', async () => {
    const topology = createTopology(freshNamespace());
    const broker = await createBroker(await connect({ servers: inject('natsUrl') }), topology);
    for (const elected of [topology.requestStream, topology.eventStream]) {
      const mute = nc.subscribe(`${stream}-led`, { callback: () => {} });
      await nc.flush();
      const before = failure(broker.acked.publish(`${stream}-led`, data, { timeoutMs: 600_000 }));
      const answer = failure(broker.reconnections.answerOf(new Promise(() => {})));
      await broker.nc.flush();
      // What the new leader says, wherever a client is connected.
      nc.publish(`$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.${elected}`, '{}');
      for (const error of [await before, await answer]) {
        expect(error).toBeInstanceOf(errors.ConnectionError);
        expect(isUnavailable(error)).toBe(true);
      }
      await broker.acked.publish(`${stream}.led`, data);
      mute.unsubscribe();
    }
    await broker.nc.close();
  });

  test('where it is larger than the server takes', async () => {
    const tooLarge = new Uint8Array((nc.info?.max_payload ?? 0) + 1);
    const error = await failure(
      new AckedPublisher(nc, createInbox(), timeoutMs).publish(`${stream}.large`, tooLarge),
    );
    expect(error).toBeInstanceOf(errors.InvalidArgumentError);
  });
});
