import { createClient } from '@longhaul/client';
import type { HandlersOf } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  archive: {
    reindex: defineTask({
      input: z.object({ volumes: z.array(z.string()) }),
      progress: z.object({ percent: z.number() }),
      output: z.object({ indexed: z.int() }),
      // The handler has checkpoints.
      pausable: true,
    }),
  },
});

export const handlersWith = (index: (volume: string) => Promise<void>): HandlersOf<typeof contract> => ({
  archive: {
    reindex: async ({ input: { volumes }, checkpoint, progress }) => {
      for (const [n, volume] of volumes.entries()) {
        // Nothing is half done here: a good point to pause, for any time.
        await checkpoint();
        await index(volume);
        progress({ percent: (100 * (n + 1)) / volumes.length });
      }
      return { indexed: volumes.length };
    },
  },
});

/** Pauses running tasks while the archive is being read, and resumes them afterwards. */
export async function whilePaused(url: string, read: () => Promise<void>) {
  const { $tasks } = createClient<typeof contract>({ url });
  const { tasks } = await $tasks.list({ name: 'archive.reindex', status: ['RUNNING'] });
  for (const { id } of tasks) await $tasks.pause(id);
  try {
    await read();
  } finally {
    for (const { id } of tasks) await $tasks.resume(id);
  }
}
