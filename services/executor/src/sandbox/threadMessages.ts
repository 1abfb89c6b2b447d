import type { MessagePort } from 'node:worker_threads';
import type { AbortCode } from '../handler/abort.ts';
import type { NewChild } from '../handler/children/childTypes.ts';
import type { ExecOptions, ExecResult } from '../handler/execTypes.ts';
import type { LogLevel, TaskContext } from '../handler/taskContext.ts';
import type { ChannelMessage } from './threadChannel.ts';

/** Which export of which module is the handler. */
export type HandlerAddress = { readonly module: string; readonly exportName: string };

/** The job of a thread: to load its handler and return its definition's fingerprint, or to run it once. */
export type ThreadJob =
  | { readonly kind: 'check'; readonly address: HandlerAddress }
  | {
      readonly kind: 'run';
      readonly address: HandlerAddress;
      readonly task: TaskContext['task'];
      readonly attempt: number;
      readonly fence: number;
      /** The JSON of the request. It is parsed in the thread. */
      readonly input: unknown;
      readonly talk: MessagePort;
      /** Carries one {@link AbortMessage}. A port of its own, so that it can be read out of turn. */
      readonly abort: MessagePort;
      readonly shared: Int32Array;
    };
export type RunJob = Extract<ThreadJob, { kind: 'run' }>;

/** Cells of `shared`, which both threads can read at any time, also while the other one is busy. */
export const sharedCells = {
  /** How many progress and log messages the main thread has not read yet. */
  unread: 0,
  /** 1 once an abort was sent. */
  aborted: 1,
  /** 1 while a pause is requested: without one, a checkpoint sends no message. */
  pauseRequested: 2,
} as const;
/** Without this limit a thread that reports a lot would fill the memory of a slower main thread. */
export const maxUnread = 64;

export type AbortMessage = { readonly code: AbortCode; readonly message: string };

/** A child task without its input. */
export type ChildStart = Omit<NewChild, 'input'>;

/** The options of a command that can be sent. Lines are sent only where `wantsLines`; the signal cancels the call. */
export type SentExecOptions = Omit<ExecOptions, 'onLine' | 'signal'> & { readonly wantsLines: boolean };

/** What a thread sends while it runs a handler: what it reports, and its calls. `ended` is the last message. */
export type FromThread =
  | ChannelMessage
  | { readonly kind: 'begun'; readonly threadId: number }
  | { readonly kind: 'progress'; readonly json: string }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Record<string, unknown> | undefined;
    }
  | {
      readonly kind: 'ended';
      /** An `Ending` as JSON: what JSON leaves out is left out as for any other handler. */
      readonly ending: string;
      /** Whether the handler threw an error that its task declares. */
      readonly declared: boolean;
    };

/** What the main thread sends to a handler's thread. An abort has a port of its own. */
export type ToThread = ChannelMessage;

/** What a handler's thread asks of the main thread. */
export type MainMethods = {
  /** Runs a command. Its lines are the items, where the order wants them. */
  readonly exec: {
    readonly args: readonly [command: string, args: readonly string[], order: SentExecOptions];
    readonly result: ExecResult;
    readonly item: { readonly line: string; readonly stream: 'stdout' | 'stderr' };
  };
  /** Starts a child task, with its input as JSON, and answers its id. */
  readonly startChild: {
    readonly args: readonly [child: ChildStart, json: string | undefined];
    readonly result: string;
    readonly item: never;
  };
  /** Waits for the end of a child task, and answers it: an `EndedTask` as JSON. */
  readonly endOfChild: {
    readonly args: readonly [taskId: string, name: string];
    readonly result: string;
    readonly item: never;
  };
  /** The handler has come to a checkpoint. Answered when the task is resumed, or must end. */
  readonly checkpoint: { readonly args: readonly []; readonly result: undefined; readonly item: never };
};

/** What the main thread asks of a handler's thread. */
export type ThreadMethods = {
  /** Answered when everything that was sent before is processed. */
  readonly sync: { readonly args: readonly []; readonly result: undefined; readonly item: never };
};
