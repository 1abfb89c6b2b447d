import type { PlainHandlersOf } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

const percent = z.object({ percent: z.number(), description: z.string().optional() });

/** Tasks that do what a test tells them to: the contract of most tests that need a whole system. */
export const scriptedContract = defineContract({
  script: {
    /** Answers what it was given. */
    echo: defineTask({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
    /** Reports `steps` steps, `stepMs` apart. */
    count: defineTask({
      input: z.object({ steps: z.int().min(0), stepMs: z.int().min(0).default(0) }),
      progress: percent,
      output: z.object({ steps: z.int() }),
      progressIntervalMs: 0,
    }),
    /** Runs until its signal is aborted, and ends at once. */
    hang: defineTask({ input: z.object({}), progress: percent, output: z.object({}) }),
    /** Runs for `forMs` and ignores its signal. */
    ignoreSignal: defineTask({
      input: z.object({ forMs: z.int().min(0) }),
      output: z.object({ attempt: z.int() }),
      cancelGraceMs: 100,
    }),
    /** Hangs as well, and may lose one executor only. */
    fragile: defineTask({ input: z.object({}), progress: percent, output: z.object({}), maxLosses: 1 }),
    /** Fails with its declared error, or with one that it does not declare. */
    fail: defineTask({
      input: z.object({ declared: z.boolean() }),
      output: z.object({}),
      errors: { REFUSED: z.object({ by: z.string() }) },
    }),
    /** Returns what does not fit its output schema. */
    lie: defineTask({ input: z.object({}), output: z.object({ truth: z.literal(true) }) }),
    /** Takes longer than it may. */
    overrun: defineTask({ input: z.object({}), output: z.object({}), timeoutMs: 50, cancelGraceMs: 100 }),
    /** Fails in its first attempts. */
    flaky: defineTask({
      input: z.object({ failures: z.int().min(0).max(2) }),
      output: z.object({ attempt: z.int() }),
      maxAttempts: 3,
      backoff: { kind: 'fixed', delayMs: 150 },
    }),
    /** These two share one permit for each key, across all executors. */
    hangAlone: defineTask({
      input: z.object({ key: z.string() }),
      progress: percent,
      output: z.object({}),
      concurrency: { group: 'alone', key: ({ key }) => key, limit: 1 },
    }),
    oneByOne: defineTask({
      input: z.object({ key: z.string(), forMs: z.int().min(0).default(0) }),
      output: z.object({ key: z.string() }),
      concurrency: { group: 'alone', key: ({ key }) => key, limit: 1 },
    }),
    /** Starts children and waits for them. */
    family: defineTask({
      input: z.object({ echoes: z.int().default(0), hangs: z.int().default(0) }),
      progress: percent,
      output: z.object({ texts: z.array(z.string()) }),
    }),
    /** Takes `steps` steps, `stepMs` apart, and comes to a checkpoint before each. */
    walk: defineTask({
      input: z.object({ steps: z.int(), stepMs: z.int() }),
      progress: percent,
      output: z.object({ steps: z.int(), attempt: z.int() }),
      pausable: true,
    }),
    /** Its input is parsed once: a default and a transform that does not accept its own output. */
    transform: defineTask({
      input: z.object({ number: z.string().transform(Number), times: z.int().default(2) }),
      output: z.object({ product: z.number() }),
    }),
  },
});

export type ScriptedContract = typeof scriptedContract;

/** Handlers of the scripted tasks. */
export const scriptedHandlers: PlainHandlersOf<ScriptedContract> = {
  script: {
    echo: ({ input }) => ({ text: input.text }),
    count: async ({ input, progress, signal, log }) => {
      for (let step = 1; step <= input.steps; step += 1) {
        if (input.stepMs > 0) await abortableDelay(input.stepMs, signal);
        signal.throwIfAborted();
        progress({ percent: (100 * step) / input.steps, description: `step ${step}` });
      }
      log.info('counted', { steps: input.steps });
      return { steps: input.steps };
    },
    hang: ({ signal, progress }) => hang(signal, progress),
    fragile: ({ signal, progress }) => hang(signal, progress),
    ignoreSignal: async ({ input, attempt }) => {
      await abortableDelay(input.forMs, new AbortController().signal);
      return { attempt };
    },
    fail: ({ input, error }) => {
      if (input.declared) throw error('REFUSED', 'No.', { by: 'the script' });
      throw new Error('something broke');
    },
    lie: () => ({ truth: false }) as unknown as { truth: true },
    overrun: ({ signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      ),
    flaky: ({ input, attempt }) => {
      if (attempt <= input.failures) throw new Error(`attempt ${attempt} fails`);
      return { attempt };
    },
    hangAlone: ({ signal, progress }) => hang(signal, progress),
    oneByOne: async ({ input, signal }) => {
      await abortableDelay(input.forMs, signal);
      return { key: input.key };
    },
    family: async ({ input, tasks, progress }) => {
      const { echo, hang } = tasks(scriptedContract).script;
      const started = await Promise.all(
        Array.from({ length: input.echoes }, (_, n) => echo.start({ text: `child ${n}` })),
      );
      const hanging = await Promise.all(Array.from({ length: input.hangs }, () => hang.start({})));
      progress({ percent: 50, description: 'all children are started' });
      const outputs = await Promise.all(started.map(child => child.result()));
      await Promise.all(hanging.map(child => child.result()));
      return { texts: outputs.map(({ text }) => text) };
    },
    walk: async ({ input, attempt, signal, progress, checkpoint }) => {
      for (let step = 1; step <= input.steps; step += 1) {
        await checkpoint();
        await abortableDelay(input.stepMs, signal);
        progress({ percent: (100 * step) / input.steps });
      }
      return { steps: input.steps, attempt };
    },
    transform: ({ input }) => ({ product: input.number * input.times }),
  },
};

function hang(
  signal: AbortSignal,
  progress: (progress: { percent: number; description: string }) => void,
): Promise<never> {
  progress({ percent: 0, description: 'hanging' });
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
