import type { HandlersOf } from '@longhaul/executor';
import type { contract } from './contract.ts';

export const handlers: HandlersOf<typeof contract> = {
  images: {
    resize: async ({ input, signal, progress, error }) => {
      const resized: string[] = [];
      for (const [done, file] of input.files.entries()) {
        signal.throwIfAborted();
        progress({ percent: (100 * done) / input.files.length, description: `Resizing ${file}` });
        if (!file.endsWith('.png')) throw error('UNREADABLE', `${file} is no image.`, { file });
        resized.push(file.replace('.png', `-${input.width}.png`));
      }
      return { resized };
    },
  },
};
