import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

export async function retryFailed(url: string) {
  const { images, $tasks } = createClient<typeof contract>({ url });
  const retried: string[] = [];
  const { tasks } = await $tasks.list({ name: 'images.resize', status: ['FAILED'] });
  for (const { id, errorCode } of tasks) {
    if (errorCode !== 'UNREADABLE') continue;
    // A key, so that a second click makes no second task.
    const task = await images.resize.handle(id).retry({ idempotencyKey: `retry of ${id}` });
    retried.push(task.id);
  }
  return retried;
}
