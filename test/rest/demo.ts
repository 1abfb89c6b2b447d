import type { PlainHandlersOf } from '@longhaul/executor';
import { defineContract, defineTask, restRoute } from '@longhaul/proto';
import { GatewayError } from '@longhaul/proto/wire';
import { z } from 'zod';
import { byHeader } from '../api/callers.ts';

const words = z.object({ bot: z.string(), text: z.string() });

/** Tasks with everything that REST shows: progress, declared errors, routes of their own. */
export const contract = defineContract({
  demo: {
    greet: defineTask({
      title: 'Greet',
      description: 'Says it back.',
      input: words,
      progress: z.object({ percent: z.number() }),
      output: z.object({ greeting: z.string() }),
      errors: { RUDE: z.object({ word: z.string() }) },
      progressIntervalMs: 0,
      rest: [
        restRoute('POST /v1/bots/{bot}/actions/greet'),
        restRoute('POST /v1/bots/{bot}/greetings/{lang}', {
          shape: z.strictObject({ bot: z.string(), lang: z.string().max(2), name: z.string().optional() }),
          toInput: ({ bot, lang, name }) => ({ bot, text: `${lang}: ${name ?? 'you'}` }),
        }),
      ],
    }),
    hang: defineTask({
      pausable: true,
      input: z.object({}),
      progress: z.object({ percent: z.number() }),
      output: z.object({}),
    }),
  },
});
export type DemoContract = typeof contract;

export const handlers: PlainHandlersOf<DemoContract> = {
  demo: {
    greet: ({ input, progress, error }) => {
      if (input.text === 'damn') throw error('RUDE', 'Mind your words.', { word: input.text });
      progress({ percent: 50 });
      return { greeting: input.bot === 'echo' ? input.text.repeat(2) : `${input.bot} says ${input.text}` };
    },
    hang: async ({ signal, progress, checkpoint }) => {
      progress({ percent: 45 });
      await checkpoint();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (signal.aborted) reject(signal.reason);
      });
    },
  },
};

/** Who calls, by the header `x-owner`; an operator, and four for whom the authentication fails in a way that an answer must document. */
export const authenticate = (request: Parameters<typeof byHeader>[0]) => {
  switch (request.headers['x-owner']) {
    case 'without-nats':
      throw new GatewayError('NATS_UNAVAILABLE', 'NATS does not answer. Try again in a moment.');
    case 'storage-full':
      throw new GatewayError('STORAGE_FULL', 'The storage of NATS is full.');
    case 'otto':
      return { owner: 'otto', role: 'operator' as const };
    case 'too-often':
      throw new GatewayError('TOO_MANY_REQUESTS', 'You exceeded the call rate of an owner.');
    case 'broken':
      throw new Error('the secret reason');
    default:
      return byHeader(request);
  }
};

export const ann = { 'x-owner': 'ann' };
/** An operator. */
export const otto = { 'x-owner': 'otto' };
export const root = { 'x-owner': 'root' };
