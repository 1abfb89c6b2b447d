import { doNotRetry, type HandlersOf, retryAfter } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  orders: {
    send: defineTask({
      input: z.object({ order: z.string() }),
      output: z.object({ sentAt: z.iso.datetime() }),
      errors: { SHOP_BUSY: z.object({}), NO_SUCH_ORDER: z.object({ order: z.string() }) },
      maxAttempts: 5,
      backoff: { kind: 'exponential', firstMs: 500, maxMs: 30_000 },
      timeoutMs: 20_000,
      totalTimeoutMs: 5 * 60_000,
    }),
  },
});

/** Asks the shop. */
export type Shop = (
  order: string,
  signal: AbortSignal,
) => Promise<{ status: number; retryAfterSeconds?: number }>;

export const handlersWith = (shop: Shop): HandlersOf<typeof contract> => ({
  orders: {
    send: async ({ input, signal, error }) => {
      const { status, retryAfterSeconds } = await shop(input.order, signal);
      // Another attempt would meet the same: the task fails now, whatever attempts are left.
      if (status === 404) throw doNotRetry(error('NO_SUCH_ORDER', 'The shop does not know it.', input));
      // The shop says itself when to come back; that beats the backoff.
      if (status === 503)
        throw retryAfter(error('SHOP_BUSY', 'The shop is busy.'), (retryAfterSeconds ?? 1) * 1_000);
      // Anything else that is thrown is tried again after the backoff.
      if (status !== 200) throw new Error(`The shop answered ${status}.`);
      return { sentAt: new Date().toISOString() };
    },
  },
});
