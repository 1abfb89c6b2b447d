import { randomBytes } from 'node:crypto';
import type { Broker } from './broker.ts';
import { isWrongLastSequence } from './brokerErrors.ts';
import { ensureBucket } from './ensureBucket.ts';
import type { NeededStream } from './topologyParts.ts';

/** As long as the hash that it keys. */
const secretBytes = 32;

/**
 * The secret that the ids of keyed tasks are made with, the same for all gateways of a deployment: made by the first
 * one, and kept in a bucket that executors and observers have no right to read.
 *
 * Where the bucket is lost, a gateway that runs writes back what it knows, so that keys keep their tasks. Where all
 * gateways were away, or one that starts was faster, there is a new secret, and keys used before start new tasks.
 */
export class IdSecret {
  readonly #broker: Broker;
  #bytes: Uint8Array;

  private constructor(broker: Broker, bytes: Uint8Array) {
    this.#broker = broker;
    this.#bytes = bytes;
  }

  /** Makes the bucket where it is missing, and reads the secret, or makes that. */
  static async open(broker: Broker): Promise<IdSecret> {
    return new IdSecret(broker, await ensureSecret(broker, randomBytes(secretBytes)));
  }

  /** The secret: the same on every gateway of a deployment. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Its bucket, for a guard: brought back with what is known here, unless another gateway was faster. */
  get stream(): NeededStream {
    const name = this.#broker.topology.secretBucketStream;
    return {
      name,
      label: `the bucket of secrets (stream ${name})`,
      ensure: async () => {
        this.#bytes = await ensureSecret(this.#broker, this.#bytes);
      },
    };
  }
}

/** @param wanted written where there is none @returns the one that is there */
async function ensureSecret(broker: Broker, wanted: Uint8Array): Promise<Uint8Array> {
  const { secretBucket, secretBucketStream, idSecretSubject } = broker.topology;
  await ensureBucket(broker, secretBucket, { history: 1, description: 'Longhaul: secrets of gateways' });
  const read = async () =>
    (await broker.jsm.streams.getMessage(secretBucketStream, { last_by_subj: idSecretSubject }))?.data;
  const found = await read();
  if (found) return found;
  try {
    await broker.js.publish(idSecretSubject, wanted, { expect: { lastSubjectSequence: 0 } });
    return wanted;
  } catch (error) {
    // Another gateway was first: JetStream let one write to this key, so all go by that one.
    if (!isWrongLastSequence(error)) throw error;
    const winner = await read();
    if (!winner) throw error;
    return winner;
  }
}
