import { setTimeout as delay } from 'node:timers/promises';
import { Kvm, type KvOptions } from '@nats-io/kv';
import type { Broker } from './broker.ts';
import { isConfigurationConflict } from './brokerErrors.ts';
import { bucketReplication } from './replication.ts';

/** How soon a bucket is looked for again that another process creates, and for how long. */
const againMs = 100;
const createdWithinMs = 20_000;

/** Makes a bucket, unless there is one of that name: it is left as it is. Safe to run by many processes at once. */
export async function ensureBucket(
  broker: Broker,
  bucket: string,
  options: Partial<KvOptions>,
): Promise<void> {
  const untilMs = performance.now() + createdWithinMs;
  for (;;) {
    try {
      await new Kvm(broker.js).create(bucket, { ...options, ...bucketReplication(broker.topology) });
      return;
    } catch (error) {
      // The client looks, and creates what it has not found. Another process creates it in between, with replicas of its own:
      // executors ask for none. A cluster finds it a moment after it refuses a second one.
      if (!isConfigurationConflict(error) || performance.now() > untilMs) throw error;
      await delay(againMs);
    }
  }
}
