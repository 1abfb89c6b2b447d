import { createExecutor } from '@longhaul/executor';
import { contract } from './contract.ts';
import { handlers } from './handler.ts';

/** An executor that leaves in good order: a deployment sends SIGTERM, and waits a little longer than `drainMs`. */
export async function runExecutor(natsUrl: string, namespace: string) {
  const executor = await createExecutor({
    contract,
    handlers,
    nats: { servers: natsUrl },
    namespace,
    concurrency: 8,
    drainMs: 20_000,
  });
  process.once('SIGTERM', async () => {
    // A second signal hurries it: what still runs is released now.
    process.once('SIGTERM', () => void executor.stop({ drainMs: 0 }));
    await executor.stop();
  });
  return executor;
}
