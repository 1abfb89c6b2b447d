import { createClient } from '@longhaul/client';
import type { HandlersOf } from '@longhaul/executor';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import type { contract } from './contract.ts';
import type { AppRouter } from './router.ts';

// Types are inferred through the packages, and not `any`: each mistake is seen where it is made.
const tasks = createClient<typeof contract>({ url: 'http://127.0.0.1:1' });

export async function mistakes(): Promise<void> {
  // @ts-expect-error a number is wanted
  await tasks.primes.count.start({ below: 'many' });
  // @ts-expect-error there is no such task
  await tasks.primes.sum.start({});
  const task = await tasks.primes.count.start({ below: 10 });
  // @ts-expect-error the output has no such field
  (await task.result()).lost;
  const trpc = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: 'http://127.0.0.1:1/trpc' })] });
  // @ts-expect-error plain tRPC has the same types
  await trpc.primes.count.start.mutate({ input: { below: 'many' } });
}

// @ts-expect-error a handler is missing
export const incomplete: HandlersOf<typeof contract> = { program: { version: () => ({ version: 'v1' }) } };

export const wrong: HandlersOf<typeof contract>['program'] = {
  // @ts-expect-error the output is not what the definition says
  version: () => ({ version: 1 }),
};
