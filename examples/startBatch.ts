import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

export async function resizeAlbums(url: string, albums: string[][]) {
  const { images } = createClient<typeof contract>({ url });
  const batch = await images.resize.startMany(
    albums.map((files, n) => ({ input: { files }, priority: 'low', idempotencyKey: `album ${n}` })),
  );

  const resized: string[] = [];
  const refused: string[] = [];
  // In the order of the call. What is wrong with one album loses no other.
  for (const [n, started] of batch.entries()) {
    if (started.ok) resized.push(...(await started.task.result()).resized);
    else refused.push(`album ${n}: ${started.error.reason}`);
  }
  return { resized, refused };
}
