import { defineContract, defineTask } from '@longhaul/proto';
import type {
  AnyTaskEvent,
  AnyTaskRecord,
  CancelManyOutcome,
  CancelOutcome,
  FailureOf,
  Schedule,
  ScheduleList,
  StartFault,
  TaskEventOf,
  TaskOutcomeOf,
  TaskPage,
  TaskRecordOf,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import { createClient, type Tasks } from './createClient.ts';

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

export const tasks = createClient<typeof contract>({ url: 'http://127.0.0.1:8080' });
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
  if (ended.status === 'COMPLETED' && !ended.unfit)
    true satisfies Equal<typeof ended.output, { sum: number }>;
  if (ended.status === 'FAILED') true satisfies Equal<typeof ended.error, FailureOf<Count>>;

  for await (const event of task.events({ lastEventId: '5' })) {
    event satisfies TaskEventOf<Count> & { eventId: string };
    if (event.type === 'progress') true satisfies Equal<typeof event.progress, { percent: number }>;
    if (event.type === 'snapshot' && event.record.status === 'COMPLETED')
      event.record.output?.sum satisfies number | undefined;
  }

  const opened = tasks.numbers.count.handle('01890000-0000-7000-8000-000000000000');
  true satisfies Equal<typeof opened, typeof task>;
  const retried = await task.retry({ idempotencyKey: 'again' });
  true satisfies Equal<typeof retried, typeof task>;
  const echoed = await (await tasks.numbers.deep.echo.start('x')).result();
  true satisfies Equal<typeof echoed, string>;
}

export async function batches(): Promise<void> {
  const batch = [{ input: { to: '3' }, priority: 'low' }, { input: { to: '4', step: 2 } }] as const;
  for (const started of await tasks.numbers.count.startMany(batch)) {
    if (started.ok) true satisfies Equal<Awaited<ReturnType<typeof started.task.result>>, { sum: number }>;
    else true satisfies Equal<typeof started.error, StartFault>;
    // @ts-expect-error whether there is a task is not known yet
    started.task.id;
  }
  // @ts-expect-error the input has no such field
  await tasks.numbers.count.startMany([{ input: { from: '3' } }]);
  // @ts-expect-error only a run waits
  await tasks.numbers.count.startMany([{ input: { to: '3' }, waitMs: 5 }]);
}

export async function failures(): Promise<void> {
  const task = tasks.numbers.count.handle('01890000-0000-7000-8000-000000000000');
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
  const outcome = await tasks.$tasks.cancelMany({ name: 'numbers.count', reason: 'enough', limit: 10_000 });
  true satisfies Equal<typeof outcome, CancelManyOutcome>;
  true satisfies Equal<Awaited<ReturnType<typeof tasks.$tasks.retry>>, AnyTaskRecord>;
  for await (const event of tasks.$tasks.watch({ ids: ['a'] as const })) event satisfies AnyTaskEvent;
}

export async function schedules(): Promise<void> {
  const nightly = await tasks.numbers.count.schedule({
    cron: '30 2 * * *',
    timeZone: 'Europe/Berlin',
    overlap: 'cancelPrevious',
    input: { to: '3' },
    id: 'nightly',
  });
  true satisfies Equal<typeof nightly, Schedule>;
  await tasks.numbers.deep.echo.schedule({
    every: '15m',
    input: 'x',
    priority: 'low',
    policy: { maxAttempts: 2 },
  });
  true satisfies Equal<Awaited<ReturnType<typeof tasks.$schedules.list>>, ScheduleList>;
  await tasks.$schedules.pause('nightly', { owner: 'ann' });

  // @ts-expect-error a string goes in
  await tasks.numbers.count.schedule({ every: '1h', input: { to: 3 } });
  // @ts-expect-error an input is needed
  await tasks.numbers.count.schedule({ every: '1h' });
  // @ts-expect-error it has to fire at some time
  await tasks.numbers.count.schedule({ input: { to: '3' } });
  // @ts-expect-error one or the other
  await tasks.numbers.count.schedule({ cron: '@daily', every: '1h', input: { to: '3' } });
  // @ts-expect-error an interval is the same in every time zone
  await tasks.numbers.count.schedule({ every: '1h', timeZone: 'Europe/Berlin', input: { to: '3' } });
  // @ts-expect-error there is no such overlap
  await tasks.numbers.count.schedule({ every: '1h', overlap: 'never', input: { to: '3' } });
  // @ts-expect-error a branch is no task
  await tasks.numbers.schedule({ every: '1h', input: { to: '3' } });
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
  // @ts-expect-error a cancel has no pages
  await tasks.$tasks.cancelMany({ cursor: 'x' });
  // @ts-expect-error a contract's type is needed, and a contract is a tree of definitions
  createClient<{ numbers: string }>({ url: '' });
}
