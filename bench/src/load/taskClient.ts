import { createTRPCUntypedClient, httpLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { EventSource } from 'eventsource';
import { z } from 'zod';
import { preciseNowMs } from '../systems/preciseNow.ts';
import { createLightFetch } from './lightFetch.ts';

export type TaskName = 'noop' | 'chatter' | 'survivor';
/** One progress event as the watcher got it. */
export type Heard = { readonly sentAtMs: number; readonly receivedAtMs: number };

/** Calls one system's public tRPC API. Each call is an HTTP request of its own: clients do not share batches. */
export type TaskClient = {
  readonly start: (name: TaskName, input: object) => Promise<string>;
  /** Starts a task and waits for its end in the same call. */
  readonly run: (name: TaskName, input: object) => Promise<void>;
  /** Waits for a started task's end, however long it takes. */
  readonly result: (name: TaskName, id: string) => Promise<void>;
  readonly hasActive: () => Promise<boolean>;
  /** Watches all tasks in one stream; resolves when it is open. The result closes it. */
  readonly watchProgress: (onProgress: (heard: Heard) => void) => Promise<() => void>;
  readonly close: () => Promise<void>;
};

const startedSchema = z.object({ id: z.string() });
const outcomeSchema = z.object({ done: z.boolean(), status: z.string() });
const pageSchema = z.object({ tasks: z.array(z.unknown()) });
const watchedSchema = z.object({
  data: z.object({
    type: z.string(),
    event: z.object({ type: z.string(), progress: z.object({ sentAtMs: z.number() }).optional() }).optional(),
  }),
});
const activeStatuses = ['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED', 'RETRYING', 'STOPPING'];
/** How long one call waits for an end. */
const waitMs = 45_000;

export function createTaskClient(systemUrl: string): TaskClient {
  const url = `${systemUrl}/trpc`;
  const { fetch, close } = createLightFetch(systemUrl);
  const client = createTRPCUntypedClient<AnyTRPCRouter>({
    links: [
      splitLink({
        condition: operation => operation.type === 'subscription',
        true: httpSubscriptionLink({ url, EventSource }),
        false: httpLink({ url, fetch }),
      }),
    ],
  });
  return {
    start: async (name, input) =>
      startedSchema.parse(await client.mutation(`bench.${name}.start`, { input })).id,
    run: async (name, input) => {
      const { done } = readOutcome(await client.mutation(`bench.${name}.run`, { input, waitMs }));
      if (!done) throw new Error(`A ${name} task did not end within ${waitMs} ms.`);
    },
    result: async (name, id) => {
      for (;;) if (readOutcome(await client.query(`bench.${name}.result`, { id, waitMs })).done) return;
    },
    hasActive: async () => {
      const page = pageSchema.parse(await client.query('tasks.list', { status: activeStatuses, limit: 1 }));
      return page.tasks.length > 0;
    },
    watchProgress: onProgress =>
      new Promise((resolve, reject) => {
        const subscription = client.subscription(
          'tasks.watch',
          {},
          {
            onData: item => {
              const { type, event } = watchedSchema.parse(item).data;
              if (type === 'open') resolve(() => subscription.unsubscribe());
              if (event?.type === 'progress' && event.progress)
                onProgress({ sentAtMs: event.progress.sentAtMs, receivedAtMs: preciseNowMs() });
            },
            onError: reject,
          },
        );
      }),
    close,
  };
}

function readOutcome(answer: unknown): z.output<typeof outcomeSchema> {
  const outcome = outcomeSchema.parse(answer);
  if (outcome.done && outcome.status !== 'COMPLETED') throw new Error(`A task ended ${outcome.status}.`);
  return outcome;
}
