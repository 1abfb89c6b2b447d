import type { Handler } from '@longhaul/executor';
import type { contract } from './contract.ts';

/** A store that takes a write only from the newest run of a task that it has heard of. */
export type FencedStore = {
  readonly write: (key: string, fence: number, value: string) => Promise<'written' | 'stale'>;
};

/** Such a store in memory. A database does the same in one statement: see below. */
export function memoryStore(values: Map<string, { readonly fence: number; readonly value: string }>) {
  return {
    write: async (key, fence, value) => {
      if (fence < (values.get(key)?.fence ?? 0)) return 'stale';
      values.set(key, { fence, value });
      return 'written';
    },
  } satisfies FencedStore;
}

/** Resizes files, and leaves none behind that a later run of the same task has written already. */
export function resizeInto(store: FencedStore): Handler<typeof contract.images.resize> {
  return async ({ input, task, fence, signal }) => {
    const resized: string[] = [];
    for (const file of input.files) {
      signal.throwIfAborted();
      const target = `${task.id}/${file}`;
      // A run that was cut off may not know it yet: then its writes are refused here.
      if ((await store.write(target, fence, `${file}, resized`)) === 'stale')
        throw new Error('A later run of this task writes there.');
      resized.push(target);
    }
    return { resized };
  };
}
