import { setTimeout as delay } from 'node:timers/promises';
import { decode } from '@longhaul/broker';
import { defineContract, defineTask } from '@longhaul/proto';
import { type Permits, permitsSchema } from '@longhaul/proto/wire';
import { startStack, within } from '@longhaul/testing';
import { inject } from 'vitest';
import { z } from 'zod';
import { byHeader } from '../api/callers.ts';

const job = z.object({ stage: z.string().default('main'), number: z.int().default(0) });
const done = z.object({ number: z.int() });

const contract = defineContract({
  lab: {
    pair: defineTask({ input: job, output: done, concurrency: { limit: 2 } }),
    byStage: defineTask({ input: job, output: done, concurrency: { key: ({ stage }) => stage, limit: 1 } }),
    either: defineTask({
      input: job,
      output: done,
      concurrency: [{ limit: 3 }, { key: ({ stage }) => stage, limit: 1 }],
    }),
    move: defineTask({
      input: job,
      output: done,
      maxAttempts: 2,
      backoff: { kind: 'fixed', delayMs: 20 },
      concurrency: { group: 'stages', key: ({ stage }) => stage, limit: 1, whenBusy: 'reject' },
    }),
    align: defineTask({
      input: job,
      output: done,
      concurrency: { group: 'stages', key: ({ stage }) => stage, limit: 1, whenBusy: 'reject' },
    }),
    stubborn: defineTask({ input: job, output: done, cancelGraceMs: 20, concurrency: { limit: 1 } }),
    rare: defineTask({ input: job, output: done, rate: { limit: 3, intervalMs: 3_600_000 } }),
    paced: defineTask({ input: job, output: done, rate: { limit: 2, intervalMs: 150 } }),
  },
});

/** Counts the handlers that run, and lets a test hold them. */
class Bench {
  readonly order: number[] = [];
  readonly running = new Map<string, number>();
  readonly most = new Map<string, number>();
  readonly #gates = new Map<number, PromiseWithResolvers<void>>();

  /** For the next test on the same system. */
  forget(): void {
    this.order.length = 0;
    this.most.clear();
    this.#gates.clear();
  }
  hold(number: number): void {
    this.#gates.set(number, Promise.withResolvers());
  }
  release(number: number): void {
    this.#gates.get(number)?.resolve();
  }
  async work(what: string, number: number, signal?: AbortSignal): Promise<{ number: number }> {
    const running = (this.running.get(what) ?? 0) + 1;
    this.running.set(what, running);
    this.most.set(what, Math.max(running, this.most.get(what) ?? 0));
    this.order.push(number);
    try {
      const gate = this.#gates.get(number)?.promise ?? delay(5);
      await (signal ? Promise.race([gate, aborted(signal)]) : gate);
    } finally {
      this.running.set(what, (this.running.get(what) ?? 0) - 1);
    }
    return { number };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

/** A system with limits of every kind, and the handlers that keep count. */
export function lab(executors = 2, concurrency = 4) {
  const bench = new Bench();
  const by =
    (what: string) =>
    ({ input, signal }: { input: z.output<typeof job>; signal: AbortSignal }) =>
      bench.work(`${what}.${input.stage}`, input.number, signal);
  let failures = 1;
  const stack = startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers: {
      lab: {
        pair: by('pair'),
        byStage: by('byStage'),
        either: ({ input, signal }) => bench.work('either', input.number, signal),
        move: async ({ input, signal }) => {
          if (input.number < 0 && failures-- > 0) throw new Error('It slipped.');
          return bench.work(`stages.${input.stage}`, input.number, signal);
        },
        align: by('stages'),
        stubborn: ({ input }) => bench.work('stubborn', input.number),
        rare: by('rare'),
        paced: by('paced'),
      },
    },
    executors,
    executor: { concurrency },
    gateway: { authenticate: ({ headers }) => byHeader({ headers: { 'x-owner': 'ann', ...headers } }) },
  });
  return stack.then(started => ({ stack: started, bench }));
}

type Stack = Awaited<ReturnType<typeof lab>>['stack'];

/** The record of a limit, as the bucket has it. */
export async function limitRecord<T>(
  { broker }: Stack,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const { limitBucketStream, limitSubject } = broker.topology;
  const subject = limitSubject(key);
  const message = await broker.jsm.streams.getMessage(limitBucketStream, { last_by_subj: subject });
  return message && message.data.length > 0 ? decode(schema, subject, message.data) : undefined;
}

/** Looks until the permits are as wanted: nothing announces what stands in the record of a limit. */
export function permitsThat(
  stack: Stack,
  what: string,
  key: string,
  fits: (permits: Permits) => boolean,
): Promise<Permits> {
  const look = async () => {
    for (;;) {
      const permits = await limitRecord<Permits>(stack, key, permitsSchema);
      if (permits && fits(permits)) return permits;
      await delay(20);
    }
  };
  return within(what, look());
}

/** Inputs of so many tasks, numbered. */
export const numbers = (count: number) =>
  Array.from({ length: count }, (_, number) => ({ input: { number } }));
