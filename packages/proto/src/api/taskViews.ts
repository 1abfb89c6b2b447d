import type { TRPCDefaultErrorData, TRPCErrorShape } from '@trpc/server';
import type { ErrorsOf, OutputOf, ProgressOf, TaskDefinition } from '../contract/taskDefinition.ts';
import type { ChildLink } from '../wire/childLinks.ts';
import type { TaskEvent } from '../wire/event.ts';
import type { BuiltInFailureCode, Failure, Thrown } from '../wire/failure.ts';
import type { Priority } from '../wire/names.ts';
import type { AttemptRecord, TaskRecord } from '../wire/record.ts';
import type { ActiveStatus, TaskStatus } from '../wire/status.ts';
import type { GatewayErrorCode, InputIssue } from './errorCatalogue.ts';

/** Why a task failed: one of its declared errors with its data, or one that every task can have. */
export type FailureOf<T extends TaskDefinition> = Thrown &
  (
    | { [C in keyof ErrorsOf<T>]: { code: C; data: ErrorsOf<T>[C] } }[keyof ErrorsOf<T>]
    | { code: BuiltInFailureCode }
  );

/** What every record says, whatever its task and status. */
export type RecordHead = Omit<
  TaskRecord,
  | 'v'
  | 'status'
  | 'input'
  | 'progress'
  | 'output'
  | 'outputRef'
  | 'error'
  | 'cancelReason'
  | 'handlerStillRunning'
>;

/** What of a task can have been written under another contract. */
export type ContractPart = 'input' | 'progress' | 'output' | 'error';

/**
 * The parts of a task that the contract of this gateway refuses, because they were written under another one: left
 * out of what is typed by the contract. An `error` is not left out: it is a HANDLER_ERROR with the recorded code in
 * its message. What was recorded is in `tasks.get`, which promises no types.
 */
export type UnfitParts = ContractPart[];

/** An output, or that the recorded one does not fit the contract: then `unfit` names it. */
export type OutputOrUnfit<T extends TaskDefinition> =
  | { output: OutputOf<T> }
  | { output?: undefined; unfit: UnfitParts };

/** A task's record, typed by its definition: narrow it by `status`. */
export type TaskRecordOf<T extends TaskDefinition> = RecordHead & {
  /** The JSON that the caller wrote. */
  input?: unknown;
  /** The latest progress. */
  progress?: ProgressOf<T>;
  /** The parts that are left out because the contract of this gateway refuses them. */
  unfit?: UnfitParts;
} & (
    | { status: Exclude<ActiveStatus, 'RETRYING'> }
    | { status: 'RETRYING'; error: FailureOf<T> }
    | ({ status: 'COMPLETED' } & OutputOrUnfit<T>)
    | { status: 'FAILED'; error: FailureOf<T> }
    | { status: 'CANCELED'; cancelReason?: string; handlerStillRunning?: true }
  );

/** Whether a task has ended, and how: narrow it by `status` (or by `done`). */
export type TaskOutcomeOf<T extends TaskDefinition> =
  | { id: string; done: true; status: 'COMPLETED'; output: OutputOf<T>; unfit?: undefined }
  /** It has an output, which does not fit the contract of this gateway. */
  | { id: string; done: true; status: 'COMPLETED'; output?: undefined; unfit: UnfitParts }
  | { id: string; done: true; status: 'FAILED'; error: FailureOf<T>; unfit?: UnfitParts }
  | { id: string; done: true; status: 'CANCELED'; reason?: string; unfit?: undefined }
  | { id: string; done: false; status: ActiveStatus; progress?: ProgressOf<T>; unfit?: UnfitParts };

/** How a task has ended. */
export type EndedOutcomeOf<T extends TaskDefinition> = Extract<TaskOutcomeOf<T>, { done: true }>;

/** Why one task of a batch could not be started: what the error of a single call says. */
export type StartFault = {
  /** The code of the error. */
  reason: GatewayErrorCode | 'INTERNAL';
  /** What is wrong and what to do, for people. */
  message: string;
  /** What is wrong with the input, fault by fault; empty for other errors. */
  issues: readonly InputIssue[];
  /** The task that has the permit: of `TASK_BUSY`, where the caller may know it. */
  taskId?: string;
};

/** What an error carries beside tRPC's own data: a stable code, and the faults of what was sent. */
export type GatewayErrorData = TRPCDefaultErrorData &
  Omit<StartFault, 'message'> & {
    /** Of what passes by itself: the seconds to wait, which a stream, batch or WebSocket has no header for. */
    readonly retryAfterSeconds?: number;
  };
/** The error of a call, as tRPC's clients get it. */
export type GatewayErrorShape = TRPCErrorShape<GatewayErrorData>;

/** What became of one task of a batch: narrow it by `ok`. */
export type StartResultOf<T extends TaskDefinition> =
  | { ok: true; record: TaskRecordOf<T> }
  | { ok: false; error: StartFault };

/** What a watcher of a task sees, in order. The first is a snapshot, unless it resumes; the last is its end. */
export type TaskEventOf<T extends TaskDefinition> =
  | { type: 'snapshot'; record: TaskRecordOf<T> }
  | { type: 'started'; at: string; attempt: number; executor: string }
  /** So many of the task's earliest events of these kinds are not stored any more. What follows is what is left. */
  | { type: 'dropped'; log: number; progress: number }
  /** `ordinal`: which progress event of the whole task it is, from 1. */
  | { type: 'progress'; at: string; attempt: number; ordinal: number; progress: ProgressOf<T> }
  /** A progress that the contract of this gateway refuses. */
  | { type: 'unfit'; at: string; attempt: number; ordinal: number; unfit: UnfitParts }
  | {
      type: 'log';
      at: string;
      attempt: number;
      /** Which log line of the whole task it is, from 1. */
      ordinal: number;
      level: 'debug' | 'info' | 'warn' | 'error';
      message: string;
      fields?: Record<string, unknown>;
    }
  | { type: 'child'; at: string; attempt: number; child: ChildLink }
  | {
      type: 'retrying';
      at: string;
      attempt: number;
      error: FailureOf<T>;
      unfit?: UnfitParts;
      nextAttemptAt: string;
    }
  | { type: 'pausing'; at: string; by: string }
  | { type: 'paused'; at: string; attempt: number; executor: string }
  | { type: 'resumed'; at: string; by: string }
  | { type: 'stopping'; at: string; reason?: string }
  | { type: 'completed'; at: string; attempt: number; output: OutputOf<T>; unfit?: undefined }
  /** It has an output, which does not fit the contract of this gateway. */
  | { type: 'completed'; at: string; attempt: number; output?: undefined; unfit: UnfitParts }
  | { type: 'released'; at: string; attempt: number }
  | { type: 'failed'; at: string; attempt?: number; error: FailureOf<T>; unfit?: UnfitParts }
  | { type: 'canceled'; at: string; reason?: string; handlerStillRunning?: true };

/**
 * A record of a task whose definition the caller does not know. Its payloads are served as they were recorded;
 * `unfit` names those that the contract of this gateway refuses.
 */
export type AnyTaskRecord = Omit<TaskRecord, 'v'> & {
  /** The parts that the contract of this gateway refuses. */
  unfit?: UnfitParts;
};

/** A line of a list: a record without its payloads. */
export type TaskSummary = {
  /** The task's id. */
  id: string;
  /** The task type. */
  name: string;
  /** The caller that started it. */
  owner: string;
  /** Its status. */
  status: TaskStatus;
  /** Its priority in the queue. */
  priority: Priority;
  /** When a gateway accepted it. */
  createdAt: string;
  /** When it was to start, where it was delayed. */
  scheduledFor?: string;
  /** When its first attempt began. */
  startedAt?: string;
  /** When it ended. */
  finishedAt?: string;
  /** The number of its current or last attempt; 0 before the first. */
  attempt: number;
  /** Of 0 to 100, where the task's progress has a number called `percent`. */
  percent?: number;
  /** The code of its failure. */
  errorCode?: string;
  /** The task whose handler started it. */
  parentId?: string;
};

/** One page of a list. `nextCursor` is there when there may be more, also behind a page that is not full. */
export type TaskPage = {
  /** The tasks of this page, newest first. */
  tasks: TaskSummary[];
  /** What to send as `cursor` for the next page. */
  nextCursor?: string;
};

/** An event of any task, as `tasks.watch` delivers it. */
export type AnyTaskEvent =
  /**
   * The stream is live: a record that is read after this, and the events that follow it, miss nothing. Events can come that
   * the record has already: it has the number of its last event (`seq`), and each event has its own. `missed`: too much
   * has happened since the `lastEventId` that was given, and what lies between is not sent; read the list again.
   */
  | { type: 'open'; missed?: true }
  | { type: 'snapshot'; id: string; name: string; record: AnyTaskRecord }
  | { type: 'event'; id: string; name: string; event: ShownEvent };

/** An event without what only the wire needs. */
export type ShownEvent = TaskEvent extends infer E
  ? E extends TaskEvent
    ? Omit<E, 'v' | 'task' | 'state'>
    : never
  : never;

/** What changes in lists, as `tasks.watchList` delivers it. */
export type ListChange =
  /** From here on nothing is missed: what was listed before is to be listed again. */
  | { type: 'open' }
  /** Tasks as they are now, whatever happened in between; and the ids of those whose records are no longer kept. */
  | { type: 'changed'; tasks: TaskSummary[]; gone: string[] }
  /** More has changed at once than is worth sending: list again. */
  | { type: 'reload' };

/** Whether tasks of a name wait until it is resumed. */
export type TypePause = {
  /** The task type. */
  name: string;
  /** Whether its tasks wait. */
  paused: boolean;
};

/** A kind of task, for generated forms and documentation. */
export type TaskType = {
  /** The task type, by its dotted path. */
  name: string;
  /** A short name for people. */
  title?: string;
  /** What its tasks do, for people. */
  description?: string;
  /** JSON Schemas (draft 2020-12). */
  input: Record<string, unknown>;
  /** The JSON Schema of its progress. */
  progress: Record<string, unknown>;
  /** The JSON Schema of its output. */
  output: Record<string, unknown>;
  /** The JSON Schemas of the data of its declared errors, by code. */
  errors: Record<string, Record<string, unknown>>;
  /** Milliseconds that an attempt may take, unless its start says otherwise; 0: any time. */
  timeoutMs: number;
  /** Whether a task of it can be paused while it runs. */
  pausable: boolean;
  /** Whether its tasks wait until it is resumed. */
  paused: boolean;
};

/** A stream of events, each with the id to resume after. */
export type EventStream<E> = AsyncIterable<{ id: string; data: E }, void, unknown>;

/** One procedure's types. */
export type Call<I, O> = { input: I; output: O; meta: object; errorShape: GatewayErrorShape };

export type { AttemptRecord, Failure };
