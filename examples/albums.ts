import type { HandlersOf } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  albums: {
    publish: defineTask({
      input: z.object({ photos: z.array(z.string()).min(1) }),
      progress: z.object({ percent: z.number() }),
      output: z.object({ urls: z.array(z.string()), unreadable: z.array(z.string()) }),
    }),
  },
  photos: {
    develop: defineTask({
      input: z.object({ photo: z.string(), width: z.int().default(800) }),
      output: z.object({ url: z.string() }),
      errors: { UNREADABLE: z.object({ photo: z.string() }) },
    }),
    announce: defineTask({ input: z.object({ urls: z.array(z.string()) }), output: z.object({}) }),
  },
});

export const handlers: HandlersOf<typeof contract> = {
  albums: {
    publish: async ({ input, tasks, progress }) => {
      const { develop, announce } = tasks(contract).photos;
      // All at once; they run wherever there is a free slot. The key names each of them in every attempt.
      const children = await Promise.all(
        input.photos.map(photo => develop.start({ photo }, { key: photo, priority: 'low' })),
      );
      const urls: string[] = [];
      const unreadable: string[] = [];
      for (const [n, child] of children.entries()) {
        const outcome = await child.outcome();
        progress({ percent: (100 * (n + 1)) / children.length });
        if (outcome.status === 'COMPLETED' && !outcome.unfit) urls.push(outcome.output.url);
        else if (outcome.status === 'FAILED' && outcome.error.code === 'UNREADABLE')
          unreadable.push(outcome.error.data.photo);
        else await child.result(); // Throws, and so does this handler.
      }
      // No handler waits for this one: it continues when this task is over.
      await announce.start({ urls }, { detached: true });
      return { urls, unreadable };
    },
  },
  photos: {
    develop: ({ input: { photo, width }, error }) => {
      if (photo.endsWith('.txt')) throw error('UNREADABLE', `${photo} is no photo.`, { photo });
      return { url: `https://photos.example/${width}/${photo}` };
    },
    announce: () => ({}),
  },
};
