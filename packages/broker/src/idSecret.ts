import { randomBytes } from 'node:crypto';
import { Kvm } from '@nats-io/kv';
import type { Broker } from './broker.ts';
import { isWrongLastSequence } from './brokerErrors.ts';

/** As long as the hash that it keys. */
const secretBytes = 32;

/**
 * The secret that the ids of keyed tasks are made with, the same for all gateways of a deployment: made by the first
 * one, and kept in a bucket that executors and observers have no right to read.
 *
 * Where the bucket is lost, gateways that start make a new one, and keys used before start new tasks.
 */
export async function ensureIdSecret(broker: Broker): Promise<Uint8Array> {
  const { secretBucket, secretBucketStream, idSecretSubject } = broker.topology;
  await new Kvm(broker.js).create(secretBucket, { history: 1, description: 'Longhaul: secrets of gateways' });
  const read = async () =>
    (await broker.jsm.streams.getMessage(secretBucketStream, { last_by_subj: idSecretSubject }))?.data;
  const found = await read();
  if (found) return found;
  const secret = randomBytes(secretBytes);
  try {
    await broker.js.publish(idSecretSubject, secret, { expect: { lastSubjectSequence: 0 } });
    return secret;
  } catch (error) {
    // Another gateway was first: JetStream let one write to this key, so all go by that one.
    if (!isWrongLastSequence(error)) throw error;
    const winner = await read();
    if (!winner) throw error;
    return winner;
  }
}
