import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

export async function cancelWaiting(url: string) {
  const { $tasks } = createClient<typeof contract>({ url });
  let canceled = 0;
  for (;;) {
    const outcome = await $tasks.cancelMany({
      name: 'images.resize',
      status: ['SCHEDULED', 'PENDING'],
      reason: 'the shop is closed',
    });
    canceled += outcome.canceled + outcome.stopping;
    if (outcome.failed > 0) throw new Error(`${outcome.failed} tasks could not be canceled.`);
    // One call cancels 1,000 at most, or the `limit` that you give it.
    if (!outcome.more) return canceled;
  }
}
