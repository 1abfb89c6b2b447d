import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

export async function startAndRun(url: string) {
  const { images } = createClient<typeof contract>({ url });

  // Answers once the task is accepted. From here on it runs to an end, whatever single process dies.
  const task = await images.resize.start({ files: ['a.png', 'b.png'], width: 200 });
  const { resized } = await task.result();

  // Starts and waits in one call, for work that is mostly short; after `waitMs` it says where the task stands.
  const outcome = await images.resize.run({ files: ['c.png'] }, { waitMs: 5_000 });
  if (outcome.status === 'COMPLETED' && !outcome.unfit) resized.push(...outcome.output.resized);
  // One that is not done continues, and its id is enough to find it again, from any process.
  if (!outcome.done) resized.push(...(await images.resize.handle(outcome.id).result()).resized);
  return resized;
}
