import type { Broker } from '@longhaul/broker';
import { isTerminal, recordSchema } from '@longhaul/proto/wire';
import { within } from '@longhaul/testing';
import { Kvm } from '@nats-io/kv';

/** Resolves when the record of each task says that it has ended. */
export async function recordThatAllEnded(
  broker: Broker,
  ids: ReadonlySet<string>,
  limitMs: number,
): Promise<void> {
  const bucket = await new Kvm(broker.js).open(broker.topology.bucket);
  const missing = new Set(ids);
  const watch = await bucket.watch();
  const wait = async () => {
    for await (const entry of watch) {
      if (entry.length === 0) continue;
      const { id, status } = recordSchema.parse(entry.json());
      if (isTerminal(status)) missing.delete(id);
      if (missing.size === 0) return;
    }
  };
  try {
    await within('all tasks end', wait(), limitMs);
  } catch {
    throw new Error(`${missing.size} of ${ids.size} tasks have not ended within ${limitMs} ms`);
  } finally {
    watch.stop();
  }
}
