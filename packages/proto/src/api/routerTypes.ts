import type {
  TRPCBuiltRouter,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCSubscriptionProcedure,
} from '@trpc/server';
import type { InputOf, TaskDefinition } from '../contract/taskDefinition.ts';
import type { CancelManyOutcome, CancelOutcome, ControlOutcome } from '../wire/commands.ts';
import type {
  CancelManyRequest,
  ListRequest,
  StartOptions,
  WatchListRequest,
  WatchManyRequest,
} from './requests.ts';
import type { ScheduleProcedures } from './schedules.ts';
import type { SystemProcedures } from './system.ts';
import type {
  AnyTaskEvent,
  AnyTaskRecord,
  Call,
  EventStream,
  GatewayErrorShape,
  ListChange,
  StartResultOf,
  TaskEventOf,
  TaskOutcomeOf,
  TaskPage,
  TaskRecordOf,
  TaskType,
  TypePause,
} from './taskViews.ts';

/**
 * The procedures of one task definition. A `type`, never an `interface`: tRPC's router record needs the implicit
 * index signature that only a type alias has.
 */
export type TaskProcedures<T extends TaskDefinition> = {
  /** Accepts a task and answers its record at once. */
  start: TRPCMutationProcedure<Call<{ input: InputOf<T> } & StartOptions, TaskRecordOf<T>>>;
  /** Starts up to 1,000 tasks in one call; each has its own result, in the order of the call. */
  startMany: TRPCMutationProcedure<
    Call<{ tasks: ({ input: InputOf<T> } & StartOptions)[] }, StartResultOf<T>[]>
  >;
  /** Starts a task and waits up to `waitMs` for its end. */
  run: TRPCMutationProcedure<
    Call<{ input: InputOf<T>; waitMs?: number | undefined } & StartOptions, TaskOutcomeOf<T>>
  >;
  /** Reads the task's record. */
  get: TRPCQueryProcedure<Call<{ id: string }, TaskRecordOf<T>>>;
  /** Waits up to `waitMs` for the task's end. */
  result: TRPCQueryProcedure<Call<{ id: string; waitMs?: number | undefined }, TaskOutcomeOf<T>>>;
  /** Streams the task's events until its end; resumes after `lastEventId`. */
  watch: TRPCSubscriptionProcedure<
    Call<{ id: string; lastEventId?: string | undefined }, EventStream<TaskEventOf<T>>>
  >;
};

/** The procedures that serve every task. */
export type GenericProcedures = {
  /** Reads a task's record. */
  get: TRPCQueryProcedure<Call<{ id: string }, AnyTaskRecord>>;
  /** Reads one page of tasks, newest first. */
  list: TRPCQueryProcedure<Call<ListRequest, TaskPage>>;
  /** Cancels a task, wherever it is. */
  cancel: TRPCMutationProcedure<Call<{ id: string; reason?: string | undefined }, CancelOutcome>>;
  /** Pauses a running task of the caller at its next checkpoint. */
  pauseTask: TRPCMutationProcedure<Call<{ id: string }, ControlOutcome>>;
  /** Resumes a task that pauses. */
  resumeTask: TRPCMutationProcedure<Call<{ id: string }, ControlOutcome>>;
  /** Cancels the tasks that fit and that the caller may see, newest first. */
  cancelMany: TRPCMutationProcedure<Call<CancelManyRequest, CancelManyOutcome>>;
  /** Starts an ended task again, as a new task of the caller that links to it by `retryOf`. */
  retry: TRPCMutationProcedure<Call<{ id: string; idempotencyKey?: string | undefined }, AnyTaskRecord>>;
  /** Streams the events of these tasks, or of everything that the caller may see, without end. */
  watch: TRPCSubscriptionProcedure<Call<WatchManyRequest, EventStream<AnyTaskEvent>>>;
  /** What changes in the lists of the caller, a few times a second at most: for pages that show one. */
  watchList: TRPCSubscriptionProcedure<Call<WatchListRequest, EventStream<ListChange>>>;
  /** Lists the task types with their JSON Schemas. */
  types: TRPCQueryProcedure<Call<void, TaskType[]>>;
  /** Pauses a task type: executors take no more tasks of it until it is resumed. For administrators. */
  pause: TRPCMutationProcedure<Call<{ name: string }, TypePause>>;
  /** Resumes a paused task type. For administrators. */
  resume: TRPCMutationProcedure<Call<{ name: string }, TypePause>>;
};

/** A contract as a tree of procedures. */
export type TaskTree<C> = {
  [K in keyof C]: C[K] extends TaskDefinition ? TaskProcedures<C[K]> : TaskTree<C[K]>;
};

/** What the gateway's context is to a client: nothing. */
export type GatewayRoot = {
  /** The context of a call, which no client sees. */
  ctx: object;
  /** The procedures have no metadata. */
  meta: object;
  /** What an error looks like. */
  errorShape: GatewayErrorShape;
  /** Data travels as plain JSON, without a transformer. */
  transformer: false;
};

/** The gateway's router, typed by a contract alone: `createTRPCClient<GatewayRouter<typeof contract>>(…)`. */
export type GatewayRouter<C> = TRPCBuiltRouter<
  GatewayRoot,
  TaskTree<C> & { tasks: GenericProcedures; schedules: ScheduleProcedures; system: SystemProcedures }
>;
