import type { Contract, InputOf, TaskDefinition } from '@longhaul/proto';
import type {
  AnyTaskEvent,
  AnyTaskRecord,
  CancelManyOutcome,
  CancelManyRequest,
  CancelOutcome,
  ControlOutcome,
  ListChange,
  ListRequest,
  Schedule,
  ScheduleOptions,
  StartFault,
  StartOptions,
  StartResultOf,
  TaskOutcomeOf,
  TaskPage,
  TaskRecordOf,
  TaskType,
  TypePause,
} from '@longhaul/proto/wire';
import { iterateEvents } from './eventIterator.ts';
import { createGatewayCalls, type GatewayCalls } from './gatewayCalls.ts';
import type { LinkOptions } from './links.ts';
import { type AllSchedules, allSchedules } from './schedules.ts';
import { type SystemOverview, systemOverview } from './system.ts';
import { createTaskHandle, type EventsOptions, type RetryOptions, type TaskHandle } from './taskHandle.ts';

/** What became of one task of a batch: narrow it by `ok`. */
export type StartedOf<T extends TaskDefinition> =
  | { readonly ok: true; readonly task: TaskHandle<T> }
  | { readonly ok: false; readonly error: StartFault };

/** One kind of task, to start and to find again. */
export type TaskClient<T extends TaskDefinition> = {
  /**
   * Starts a task. Once this resolves it runs to an end, whatever single process dies.
   *
   * @throws TRPCClientError when the gateway refuses it: `gatewayErrorOf` tells why
   *
   * @example
   * ```ts
   * const task = await client.audio.transcribe.start({ path: 'talk.mp3' }, { idempotencyKey: 'talk', priority: 'high' });
   * console.log(task.id);
   * ```
   */
  readonly start: (input: InputOf<T>, options?: StartOptions) => Promise<TaskHandle<T>>;
  /**
   * Starts up to 1,000 tasks in one call. Answers in their order; what is wrong with one loses no other.
   *
   * @example
   * ```ts
   * const paths = ['monday.mp3', 'tuesday.mp3'];
   * const started = await client.audio.transcribe.startMany(paths.map(path => ({ input: { path } })));
   * for (const each of started) console.log(each.ok ? each.task.id : each.error.message);
   * ```
   */
  readonly startMany: (
    tasks: readonly ({ readonly input: InputOf<T> } & StartOptions)[],
  ) => Promise<StartedOf<T>[]>;
  /**
   * Starts a task and waits up to `waitMs` milliseconds (default: 10,000; at most 50,000) for its end.
   *
   * @example
   * ```ts
   * const outcome = await client.audio.transcribe.run({ path: 'talk.mp3' }, { waitMs: 30_000 });
   * if (outcome.status === 'COMPLETED') console.log(outcome.output?.text);
   * else if (!outcome.done) console.log(`It still runs: ${outcome.id}`);
   * ```
   */
  readonly run: (
    input: InputOf<T>,
    options?: StartOptions & { readonly waitMs?: number },
  ) => Promise<TaskOutcomeOf<T>>;
  /**
   * A handle of a task that was started before, by its id. Asks nothing of the gateway yet.
   *
   * @example
   * ```ts
   * const { status } = await client.audio.transcribe.handle(id).record();
   * ```
   */
  readonly handle: (id: string) => TaskHandle<T>;
  /**
   * Starts a task again and again, by a cron expression or at an interval (`every: '15m'`).
   *
   * @example
   * ```ts
   * const { nextTimes } = await client.report.build.schedule({
   *   id: 'nightly',
   *   cron: '30 2 * * *',
   *   timeZone: 'Europe/Berlin',
   *   input: { month: '2026-11' },
   * });
   * ```
   */
  readonly schedule: (schedule: ScheduleOptions<T>) => Promise<Schedule>;
};

/** What serves every task, whatever its name. */
export type AllTasks = {
  /** Reads a task's record, as it was recorded. */
  readonly get: (id: string) => Promise<AnyTaskRecord>;
  /**
   * One page, newest first: 50 tasks where no `limit` says otherwise, 200 at most.
   *
   * @example
   * ```ts
   * let cursor: string | undefined;
   * do {
   *   const page = await client.$tasks.list({ status: ['FAILED'], ...(cursor ? { cursor } : {}) });
   *   for (const task of page.tasks) console.log(task.id, task.errorCode);
   *   cursor = page.nextCursor;
   * } while (cursor);
   * ```
   */
  readonly list: (query?: ListRequest) => Promise<TaskPage>;
  /** Ends a task, wherever it runs. */
  readonly cancel: (id: string, reason?: string) => Promise<CancelOutcome>;
  /** Pauses a running task at its handler's next checkpoint. */
  readonly pause: (id: string) => Promise<ControlOutcome>;
  /** Resumes a paused task. */
  readonly resume: (id: string) => Promise<ControlOutcome>;
  /**
   * Cancels the tasks that fit and have not ended, newest first, 1,000 at most where no `limit` says otherwise. Without
   * a filter: everything that the caller may see.
   *
   * @example
   * ```ts
   * const { canceled, stopping, more } = await client.$tasks.cancelMany({ name: 'audio.transcribe', status: ['PENDING'] });
   * ```
   */
  readonly cancelMany: (request?: CancelManyRequest) => Promise<CancelManyOutcome>;
  /** Starts an ended task again, as a new one whose record has `retryOf`. */
  readonly retry: (id: string, options?: RetryOptions) => Promise<AnyTaskRecord>;
  /** Everything that the caller may see, or the tasks of `ids`, in one stream without end. */
  readonly watch: (
    options?: EventsOptions & { readonly ids?: readonly string[] },
  ) => AsyncGenerator<AnyTaskEvent & { readonly eventId: string }, void, void>;
  /**
   * What changes in the lists of the caller, a few times a second at most. After each `open` (the first, and one
   * whenever the connection was lost) list again what is shown: these changes continue from there.
   */
  readonly watchList: (
    options?: Omit<EventsOptions, 'lastEventId'>,
  ) => AsyncGenerator<ListChange, void, void>;
};

/** The task types of the gateway's contract. */
export type TaskTypes = {
  /** Every task type, with its JSON Schemas, its policy, and whether it is paused. */
  readonly list: () => Promise<TaskType[]>;
  /**
   * Pauses a task type: executors take no more tasks of it. New tasks wait; running ones continue. Administrators only.
   *
   * @example
   * ```ts
   * await client.$types.pause('audio.transcribe');
   * ```
   */
  readonly pause: (name: string) => Promise<TypePause>;
  /** Resumes a paused task type. Administrators only. */
  readonly resume: (name: string) => Promise<TypePause>;
};

/**
 * A contract as a tree of tasks to start. `$tasks`, `$types` and `$schedules` (no task type begins with `$`) serve all of them;
 * `$system` is the overview of the system.
 */
export type Tasks<C> = TaskClients<C> & {
  /** Tasks of any type: get, list, cancel, pause, retry, watch. */
  readonly $tasks: AllTasks;
  /** The task types: list, pause, resume. */
  readonly $types: TaskTypes;
  /** Recurring schedules of any task type. */
  readonly $schedules: AllSchedules;
  /** Executors, queues and throughput. */
  readonly $system: SystemOverview;
};
/** A contract as a tree of tasks to start, without what serves all of them. */
export type TaskClients<C> = {
  readonly [K in keyof C]: C[K] extends TaskDefinition ? TaskClient<C[K]> : TaskClients<C[K]>;
};

/**
 * Makes typed task handles over a gateway, for Node and browsers. Needs the contract's type alone:
 * `createClient<typeof contract>({ url })`.
 *
 * @example
 * ```ts
 * import { createClient } from '@longhaul/client';
 * import type { contract } from './contract.ts';
 *
 * const client = createClient<typeof contract>({
 *   url: 'http://127.0.0.1:8080',
 *   token: () => readFileSync('key.txt', 'utf8').trim(),
 * });
 * const task = await client.audio.transcribe.start({ path: 'talk.mp3' });
 * console.log((await task.result()).text);
 * ```
 *
 * @throws ClientOptionsError where `url` cannot be the address of a gateway
 */
export function createClient<const C extends Contract>(options: LinkOptions): Tasks<C> {
  const calls = createGatewayCalls(options);
  // The tree is only known as a type, so each step into it makes the next; see `TaskClients` for what that promises.
  return branch(calls, []) as unknown as Tasks<C>;
}

function branch(calls: GatewayCalls, path: readonly string[]): object {
  return new Proxy(
    {},
    {
      get: (_target, key) => {
        // `then`: so that a branch can be returned from an async function without being taken for a promise.
        if (typeof key === 'symbol' || key === 'then') return undefined;
        if (key === '$tasks') return allTasks(calls);
        if (key === '$types') return taskTypes(calls);
        if (key === '$schedules') return allSchedules(calls);
        if (key === '$system') return systemOverview(calls);
        const name = path.join('.');
        if (name !== '' && isVerb(key)) return taskClient(calls, name)[key];
        return branch(calls, [...path, key]);
      },
    },
  );
}

function isVerb(key: string): key is keyof TaskClient<TaskDefinition> {
  return key === 'start' || key === 'startMany' || key === 'run' || key === 'handle' || key === 'schedule';
}

function taskClient<T extends TaskDefinition>(calls: GatewayCalls, name: string): TaskClient<T> {
  return {
    start: async (input, options) => {
      const { id } = await calls.mutation<TaskRecordOf<T>>(`${name}.start`, { ...options, input });
      return createTaskHandle<T>(calls, name, id);
    },
    startMany: async batch => {
      const results = await calls.mutation<StartResultOf<T>[]>(`${name}.startMany`, { tasks: batch });
      return results.map(result =>
        result.ok ? { ok: true, task: createTaskHandle<T>(calls, name, result.record.id) } : result,
      );
    },
    run: (input, options) => calls.mutation<TaskOutcomeOf<T>>(`${name}.run`, { ...options, input }),
    handle: id => createTaskHandle<T>(calls, name, id),
    schedule: schedule => calls.mutation<Schedule>('schedules.create', { ...schedule, name }),
  };
}

function allTasks(calls: GatewayCalls): AllTasks {
  return {
    get: id => calls.query<AnyTaskRecord>('tasks.get', { id }),
    list: (query = {}) => calls.query<TaskPage>('tasks.list', query),
    cancel: (id, reason) =>
      calls.mutation<CancelOutcome>('tasks.cancel', { id, ...(reason === undefined ? {} : { reason }) }),
    pause: id => calls.mutation<ControlOutcome>('tasks.pauseTask', { id }),
    resume: id => calls.mutation<ControlOutcome>('tasks.resumeTask', { id }),
    cancelMany: (request = {}) => calls.mutation<CancelManyOutcome>('tasks.cancelMany', request),
    retry: (id, options) => calls.mutation<AnyTaskRecord>('tasks.retry', { ...options, id }),
    watch: async function* ({ ids, lastEventId, signal, onLost } = {}) {
      const subscribe = calls.subscribe<AnyTaskEvent>('tasks.watch', ids ? { ids } : {});
      for await (const { id: eventId, data } of iterateEvents(subscribe, lastEventId, signal, onLost))
        yield { ...data, eventId };
    },
    watchList: async function* ({ signal, onLost } = {}) {
      const subscribe = calls.subscribe<ListChange>('tasks.watchList', {});
      for await (const { data } of iterateEvents(subscribe, undefined, signal, onLost)) yield data;
    },
  };
}

function taskTypes(calls: GatewayCalls): TaskTypes {
  return {
    list: () => calls.query<TaskType[]>('tasks.types'),
    pause: name => calls.mutation<TypePause>('tasks.pause', { name }),
    resume: name => calls.mutation<TypePause>('tasks.resume', { name }),
  };
}
