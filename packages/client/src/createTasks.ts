import type {
  AnyTaskEvent,
  AnyTaskRecord,
  CancelOutcome,
  Contract,
  InputOf,
  ListRequest,
  StartOptions,
  TaskDefinition,
  TaskOutcomeOf,
  TaskPage,
  TaskRecordOf,
  TaskType,
} from '@longhaul/proto';
import { iterateEvents } from './eventIterator.ts';
import { createGatewayCalls, type GatewayCalls } from './gatewayCalls.ts';
import type { LinkOptions } from './links.ts';
import { createTaskHandle, type EventsOptions, type TaskHandle } from './taskHandle.ts';

/** One kind of task, to start and to find again. */
export type TaskClient<T extends TaskDefinition> = {
  /** Starts a task. Once this resolves it runs to an end, whatever single process dies. */
  readonly start: (input: InputOf<T>, options?: StartOptions) => Promise<TaskHandle<T>>;
  /** Starts a task and waits up to `waitMs` (default: 10,000) for its end. */
  readonly run: (
    input: InputOf<T>,
    options?: StartOptions & { readonly waitMs?: number },
  ) => Promise<TaskOutcomeOf<T>>;
  /** A handle of a task that was started before, by its id. Asks nothing of the gateway yet. */
  readonly open: (id: string) => TaskHandle<T>;
};

/** What serves every task, whatever its name. */
export type AllTasks = {
  readonly get: (id: string) => Promise<AnyTaskRecord>;
  /** One page, newest first. */
  readonly list: (query?: ListRequest) => Promise<TaskPage>;
  readonly cancel: (id: string, reason?: string) => Promise<CancelOutcome>;
  /** Everything that the caller may see, or the tasks of `ids`, in one stream without end. */
  readonly watch: (
    options?: EventsOptions & { readonly ids?: readonly string[] },
  ) => AsyncGenerator<AnyTaskEvent & { readonly eventId: string }, void, void>;
  readonly types: () => Promise<TaskType[]>;
};

/** A contract as a tree of tasks to start. `$tasks` (no task name begins with `$`) serves all of them. */
export type Tasks<C> = TaskClients<C> & { readonly $tasks: AllTasks };
export type TaskClients<C> = {
  readonly [K in keyof C]: C[K] extends TaskDefinition ? TaskClient<C[K]> : TaskClients<C[K]>;
};

/**
 * Makes typed task handles over a gateway, for Node and browsers. Needs the contract's type alone:
 * `createTasks<typeof contract>({ url })`.
 */
export function createTasks<const C extends Contract>(options: LinkOptions): Tasks<C> {
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
        const name = path.join('.');
        if (name !== '' && isVerb(key)) return taskClient(calls, name)[key];
        return branch(calls, [...path, key]);
      },
    },
  );
}

function isVerb(key: string): key is keyof TaskClient<TaskDefinition> {
  return key === 'start' || key === 'run' || key === 'open';
}

function taskClient<T extends TaskDefinition>(calls: GatewayCalls, name: string): TaskClient<T> {
  return {
    start: async (input, options) => {
      const { id } = await calls.mutation<TaskRecordOf<T>>(`${name}.start`, { ...options, input });
      return createTaskHandle<T>(calls, name, id);
    },
    run: (input, options) => calls.mutation<TaskOutcomeOf<T>>(`${name}.run`, { ...options, input }),
    open: id => createTaskHandle<T>(calls, name, id),
  };
}

function allTasks(calls: GatewayCalls): AllTasks {
  return {
    get: id => calls.query<AnyTaskRecord>('tasks.get', { id }),
    list: (query = {}) => calls.query<TaskPage>('tasks.list', query),
    cancel: (id, reason) =>
      calls.mutation<CancelOutcome>('tasks.cancel', { id, ...(reason === undefined ? {} : { reason }) }),
    watch: async function* ({ ids, lastEventId, signal } = {}) {
      const subscribe = calls.subscribe<AnyTaskEvent>('tasks.watch', ids ? { ids } : {});
      for await (const { id: eventId, data } of iterateEvents(subscribe, lastEventId, signal))
        yield { ...data, eventId };
    },
    types: () => calls.query<TaskType[]>('tasks.types'),
  };
}
