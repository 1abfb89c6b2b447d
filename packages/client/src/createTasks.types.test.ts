import {
  type AnyTaskEvent,
  type AnyTaskRecord,
  type CancelOutcome,
  defineContract,
  defineTask,
  type FailureOf,
  type TaskEventOf,
  type TaskOutcomeOf,
  type TaskPage,
  type TaskRecordOf,
} from '@longhaul/proto';
import { z } from 'zod';
import { createTasks, type Tasks } from './createTasks.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const count = defineTask({
  input: z.object({ to: z.string().transform(Number), step: z.int().default(1) }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ sum: z.number() }),
  errors: { TOO_FAR: z.object({ limit: z.number() }) },
});
const contract = defineContract({
  numbers: { count, deep: { echo: defineTask({ input: z.string(), output: z.string() }) } },
});
type Count = typeof count;

export const tasks = createTasks<typeof contract>({ url: 'http://127.0.0.1:8080' });
tasks satisfies Tasks<typeof contract>;

export async function handles(): Promise<void> {
  const task = await tasks.numbers.count.start(
    { to: '3' },
    { priority: 'high', idempotencyKey: 'k', delayMs: 5 },
  );
  true satisfies Equal<typeof task.id, string>;
  true satisfies Equal<Awaited<ReturnType<typeof task.result>>, { sum: number }>;
  true satisfies Equal<Awaited<ReturnType<typeof task.record>>, TaskRecordOf<Count>>;
  true satisfies Equal<Awaited<ReturnType<typeof task.cancel>>, CancelOutcome>;

  const ended = await task.outcome({ signal: AbortSignal.timeout(5) });
  true satisfies Equal<typeof ended.status, 'COMPLETED' | 'FAILED' | 'CANCELED'>;
  if (ended.status === 'COMPLETED') true satisfies Equal<typeof ended.output, { sum: number }>;
  if (ended.status === 'FAILED') true satisfies Equal<typeof ended.error, FailureOf<Count>>;

  for await (const event of task.events({ lastEventId: '5' })) {
    event satisfies TaskEventOf<Count> & { eventId: string };
    if (event.type === 'progress') true satisfies Equal<typeof event.progress, { percent: number }>;
    if (event.type === 'snapshot' && event.record.status === 'COMPLETED')
      event.record.output.sum satisfies number;
  }

  const opened = tasks.numbers.count.open('01890000-0000-7000-8000-000000000000');
  true satisfies Equal<typeof opened, typeof task>;
  const echoed = await (await tasks.numbers.deep.echo.start('x')).result();
  true satisfies Equal<typeof echoed, string>;
}

export async function failures(): Promise<void> {
  const task = tasks.numbers.count.open('01890000-0000-7000-8000-000000000000');
  const outcome = await tasks.numbers.count.run({ to: '3', step: 2 }, { waitMs: 5 });
  true satisfies Equal<typeof outcome, TaskOutcomeOf<Count>>;
  try {
    await task.result();
  } catch (error) {
    if (task.isFailure(error) && error.failure.code === 'TOO_FAR') {
      true satisfies Equal<typeof error.failure.data, { limit: number }>;
    }
  }
}

export async function everyTask(): Promise<void> {
  true satisfies Equal<Awaited<ReturnType<typeof tasks.$tasks.get>>, AnyTaskRecord>;
  true satisfies Equal<Awaited<ReturnType<typeof tasks.$tasks.list>>, TaskPage>;
  await tasks.$tasks.list({ status: ['RUNNING'], limit: 5 });
  for await (const event of tasks.$tasks.watch({ ids: ['a'] as const })) event satisfies AnyTaskEvent;
}

export async function wrong(): Promise<void> {
  // @ts-expect-error a string goes in
  await tasks.numbers.count.start({ to: 3 });
  // @ts-expect-error an input is needed
  await tasks.numbers.count.start();
  // @ts-expect-error the input has no such field
  await tasks.numbers.count.start({ to: '3', from: '1' });
  // @ts-expect-error there is no such task
  await tasks.numbers.sum.start({ to: '3' });
  // @ts-expect-error there is no such priority
  await tasks.numbers.count.start({ to: '3' }, { priority: 'urgent' });
  // @ts-expect-error only a run waits
  await tasks.numbers.count.start({ to: '3' }, { waitMs: 5 });
  // @ts-expect-error a branch is no task
  await tasks.numbers.start({ to: '3' });
  // @ts-expect-error there is no such status
  await tasks.$tasks.list({ status: ['DONE'] });
  // @ts-expect-error a contract's type is needed, and a contract is a tree of definitions
  createTasks<{ numbers: string }>({ url: '' });
}
