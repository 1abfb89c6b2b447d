import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

export async function resizeOrder(url: string, order: string, files: string[]) {
  const { images } = createClient<typeof contract>({ url });
  return {
    // However often this is called, and from wherever: one task for this order.
    once: await images.resize.start({ files }, { idempotencyKey: `resize ${order}` }),
    // While executors are busy, `high` goes before `normal`, and that before `low`.
    soon: await images.resize.start({ files, width: 64 }, { priority: 'high' }),
    // SCHEDULED until then. The nats-server keeps the time, so restarts of anything change nothing.
    later: await images.resize.start({ files, width: 1_600 }, { delayMs: 60_000 }),
  };
}
