import { defineContract, defineTask, type TaskDefinition } from '@longhaul/proto';
import type {
  AnyTaskRecord,
  CancelManyOutcome,
  CancelOutcome,
  GatewayErrorData,
  GatewayRouter,
  GenericProcedures,
  ScheduleProcedures,
  StartFault,
  SystemProcedures,
  TaskEventOf,
  TaskOutcomeOf,
  TaskPage,
  TaskProcedures,
  TaskRecordOf,
} from '@longhaul/proto/wire';
import { createTRPCClient, TRPCClientError } from '@trpc/client';
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import { z } from 'zod';
import type { genericProcedures, scheduleProcedures, systemProcedures } from './genericProcedures.ts';
import type { taskProcedures } from './taskProcedures.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const count = defineTask({
  input: z.object({ to: z.string().transform(Number) }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ sum: z.number() }),
  errors: { TOO_FAR: z.object({ limit: z.number() }) },
});
const contract = defineContract({
  numbers: { count },
  plain: defineTask({ input: z.string(), output: z.string() }),
});
type Count = typeof count;

// Drift: what the gateway builds is what `TaskProcedures` and `GenericProcedures` promise clients. Each side is read
// as what tRPC makes types of: the kind of procedure, what goes in and what comes out.
type Kinds<R> = { [K in keyof R]: R[K] extends { _def: { type: infer T } } ? T : never };
type Outputs<R> = { [K in keyof R]: R[K] extends { _def: { $types: { output: infer O } } } ? O : never };
type Inputs<R> = { [K in keyof R]: R[K] extends { _def: { $types: { input: infer I } } } ? I : never };
/** A stream as what it yields: tRPC's own names for its return and next types say nothing to a client. */
type Yields<O> = O extends AsyncIterable<infer E> ? E : never;

type Built = ReturnType<typeof taskProcedures<Count>>;
type Declared = TaskProcedures<Count>;
true satisfies Equal<Kinds<Built>, Kinds<Declared>>;
true satisfies Equal<Omit<Outputs<Built>, 'watch'>, Omit<Outputs<Declared>, 'watch'>>;
true satisfies Equal<Yields<Outputs<Built>['watch']>, Yields<Outputs<Declared>['watch']>>;
true satisfies Equal<
  Pick<Inputs<Built>, 'get' | 'result' | 'watch'>,
  Pick<Inputs<Declared>, 'get' | 'result' | 'watch'>
>;
// The input itself is raw JSON to the gateway, which checks it by the definition; all beside it is the same.
type Beside<I> = Omit<I, 'input'>;
true satisfies Equal<Beside<Inputs<Built>['start']>, Beside<Inputs<Declared>['start']>>;
true satisfies Equal<Beside<Inputs<Built>['run']>, Beside<Inputs<Declared>['run']>>;
type Item<I> = I extends { tasks: (infer T)[] } ? T : never;
true satisfies Equal<Beside<Item<Inputs<Built>['startMany']>>, Beside<Item<Inputs<Declared>['startMany']>>>;
true satisfies Inputs<Declared>['startMany'] extends Inputs<Built>['startMany'] ? true : false;
true satisfies Inputs<Declared>['start'] extends Inputs<Built>['start'] ? true : false;
true satisfies Inputs<Declared>['run'] extends Inputs<Built>['run'] ? true : false;

type BuiltGeneric = ReturnType<typeof genericProcedures>['_def']['record'];
true satisfies Equal<Kinds<BuiltGeneric>, Kinds<GenericProcedures>>;
type Streams = 'watch' | 'watchList';
true satisfies Equal<Omit<Outputs<BuiltGeneric>, Streams>, Omit<Outputs<GenericProcedures>, Streams>>;
true satisfies Equal<Yields<Outputs<BuiltGeneric>['watch']>, Yields<Outputs<GenericProcedures>['watch']>>;
true satisfies Equal<
  Yields<Outputs<BuiltGeneric>['watchList']>,
  Yields<Outputs<GenericProcedures>['watchList']>
>;
true satisfies Equal<Inputs<BuiltGeneric>, Inputs<GenericProcedures>>;

type BuiltSchedules = ReturnType<typeof scheduleProcedures>['_def']['record'];
true satisfies Equal<Kinds<BuiltSchedules>, Kinds<ScheduleProcedures>>;
true satisfies Equal<Outputs<BuiltSchedules>, Outputs<ScheduleProcedures>>;
true satisfies Equal<Inputs<BuiltSchedules>, Inputs<ScheduleProcedures>>;

type BuiltSystem = ReturnType<typeof systemProcedures>['_def']['record'];
true satisfies Equal<Kinds<BuiltSystem>, Kinds<SystemProcedures>>;
true satisfies Equal<Omit<Outputs<BuiltSystem>, 'watch'>, Omit<Outputs<SystemProcedures>, 'watch'>>;
true satisfies Equal<Yields<Outputs<BuiltSystem>['watch']>, Yields<Outputs<SystemProcedures>['watch']>>;
true satisfies Equal<Inputs<BuiltSystem>, Inputs<SystemProcedures>>;

// The drift test would notice: another output is another signature.
type Other = TaskDefinition<Count['input'], Count['progress'], z.ZodString, Count['errors']>;
false satisfies Equal<Outputs<Built>['result'], Outputs<TaskProcedures<Other>>['result']>;

// tRPC's own helpers read the declared router.
type Router = GatewayRouter<typeof contract>;
declare const inferredOutcome: inferRouterOutputs<Router>['numbers']['count']['result'];
true satisfies Equal<inferRouterInputs<Router>['numbers']['count']['start']['input'], { to: string }>;
inferredOutcome satisfies TaskOutcomeOf<Count>;
true satisfies Equal<inferRouterOutputs<Router>['tasks']['list'], TaskPage>;

// A tRPC client infers everything from the contract's type alone.
export async function client(): Promise<void> {
  const trpc = createTRPCClient<Router>({ links: [] });
  const record = await trpc.numbers.count.start.mutate({ input: { to: '3' }, priority: 'high', delayMs: 5 });
  // What has gone through JSON is, to tRPC, another type of the same shape.
  record satisfies TaskRecordOf<Count>;
  if (record.status === 'COMPLETED' && 'output' in record)
    true satisfies Equal<typeof record.output, { sum: number }>;
  const outcome = await trpc.numbers.count.run.mutate({ input: { to: '3' }, waitMs: 5 });
  if (outcome.status === 'COMPLETED' && 'output' in outcome)
    true satisfies Equal<typeof outcome.output, { sum: number }>;
  true satisfies Equal<Awaited<ReturnType<typeof trpc.tasks.cancel.mutate>>, CancelOutcome>;
  true satisfies Equal<Awaited<ReturnType<typeof trpc.tasks.cancelMany.mutate>>, CancelManyOutcome>;
  (await trpc.tasks.retry.mutate({ id: record.id, idempotencyKey: 'k' })) satisfies AnyTaskRecord;
  const batch = await trpc.numbers.count.startMany.mutate({ tasks: [{ input: { to: '3' }, delayMs: 5 }] });
  for (const started of batch) {
    if (started.ok) started.record satisfies TaskRecordOf<Count>;
    else true satisfies Equal<typeof started.error.reason, StartFault['reason']>;
  }
  const types = await trpc.tasks.types.query();
  types[0]?.name satisfies string | undefined;

  trpc.numbers.count.watch.subscribe(
    { id: record.id },
    {
      onData: ({ id, data }) => {
        true satisfies Equal<typeof id, string>;
        data satisfies TaskEventOf<Count>;
        if (data.type === 'progress') true satisfies Equal<typeof data.progress, { percent: number }>;
      },
      onError: error => {
        true satisfies Equal<NonNullable<typeof error.data>['reason'], GatewayErrorData['reason']>;
      },
    },
  );
  trpc.tasks.watch.subscribe(
    {},
    { onData: ({ data }) => void (data.type satisfies 'open' | 'snapshot' | 'event') },
  );
}

export async function wrong(): Promise<void> {
  const trpc = createTRPCClient<Router>({ links: [] });
  // @ts-expect-error a string goes in
  await trpc.numbers.count.start.mutate({ input: { to: 3 } });
  // @ts-expect-error an input is needed
  await trpc.numbers.count.start.mutate({});
  // @ts-expect-error there is no such priority
  await trpc.numbers.count.start.mutate({ input: { to: '3' }, priority: 'urgent' });
  // @ts-expect-error each task of a batch has its input
  await trpc.numbers.count.startMany.mutate({ tasks: [{ to: '3' }] });
  // @ts-expect-error there is no such status
  await trpc.tasks.cancelMany.mutate({ status: ['DONE'] });
  // @ts-expect-error there is no such task
  await trpc.numbers.sum.start.mutate({ input: '3' });
  // @ts-expect-error a start is a mutation
  await trpc.plain.start.query({ input: 'x' });
  // @ts-expect-error a branch is no task
  await trpc.numbers.start.mutate({ input: 'x' });
}

// An error is known by its shape.
export function reason(error: unknown): GatewayErrorData['reason'] | undefined {
  return error instanceof TRPCClientError ? (error as TRPCClientError<Router>).data?.reason : undefined;
}
