import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

/** Prints a line on the state of the system every five seconds, until the signal is aborted. */
export async function printLoad(url: string, signal: AbortSignal, print: (line: string) => void) {
  const { $system } = createClient<typeof contract>({ url });
  for await (const now of $system.watch({ intervalMs: 5_000, signal, throughput: { buckets: 1 } })) {
    if (now.type === 'unavailable') {
      print('NATS does not answer');
      continue;
    }
    const here = now.executors.filter(executor => executor.responding);
    const running = here.reduce((sum, { runningCount }) => sum + runningCount, 0);
    const slots = here.reduce((sum, executor) => sum + executor.slots, 0);
    const waiting = now.queues.reduce(
      (sum, { pending }) => sum + pending.high + pending.normal + pending.low,
      0,
    );
    const [hour] = now.throughput.buckets;
    print(
      `${running} of ${slots} slots in use, ${waiting} waiting; completed in an hour: ${hour?.completed}`,
    );
  }
}
