import type { MessagePort } from 'node:worker_threads';
import type { GatewayErrorCode, InputIssue } from '@longhaul/proto/wire';
import type { AbortCode } from '../handler/abort.ts';
import type { NewChild } from '../handler/children/childTypes.ts';
import type { ExecError, ExecOptions, ExecResult } from '../handler/execTypes.ts';
import type { LogLevel, TaskContext } from '../handler/taskContext.ts';

/** Which export of which module is the handler. */
export type HandlerAddress = { readonly module: string; readonly exportName: string };

/** What a thread is asked to do: to load its handler and tell its definition's fingerprint, or to run it once. */
export type ThreadJob =
  | { readonly kind: 'check'; readonly address: HandlerAddress }
  | {
      readonly kind: 'run';
      readonly address: HandlerAddress;
      readonly task: TaskContext['task'];
      readonly attempt: number;
      /** The JSON of the request: it is parsed in the thread. */
      readonly input: unknown;
      readonly talk: MessagePort;
      /** Brings one {@link AbortMessage}, apart from everything else so that it can be read out of turn. */
      readonly abort: MessagePort;
      readonly shared: Int32Array;
    };
export type RunJob = Extract<ThreadJob, { kind: 'run' }>;

/** What both sides see at once, also while one of them is busy: places in `shared`. */
export const sharedSlots = {
  /** Progress and log messages that the main side has not read yet. */
  unread: 0,
  /** 1 once an abort was sent. */
  aborted: 1,
  /** 1 while the task is to pause: a checkpoint costs nothing otherwise. */
  toPause: 2,
} as const;
/** Without it a busy thread that says a lot would fill the memory of a main thread that is slower. */
export const maxUnread = 64;

export type AbortMessage = { readonly code: AbortCode; readonly message: string };

/** A child task without its input. */
export type ChildOrder = Omit<NewChild, 'input'>;

/** The options of a child process that can be sent; lines are asked for, and a signal is a message of its own. */
export type ExecOrder = Omit<ExecOptions, 'onLine' | 'signal'> & { readonly wantsLines: boolean };

/** What a thread says while it runs a handler; `ended` is the last. */
export type FromThread =
  | { readonly kind: 'begun'; readonly threadId: number }
  | { readonly kind: 'progress'; readonly json: string }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Record<string, unknown> | undefined;
    }
  | {
      readonly kind: 'exec';
      readonly id: number;
      readonly command: string;
      readonly args: readonly string[];
      readonly order: ExecOrder;
    }
  | { readonly kind: 'execAbort'; readonly id: number }
  /** What is asked of a child task; answered under the same id. `json`: its input. */
  | {
      readonly kind: 'childStart';
      readonly id: number;
      readonly child: ChildOrder;
      readonly json: string | undefined;
    }
  | { readonly kind: 'childEnd'; readonly id: number; readonly taskId: string; readonly name: string }
  /** The handler has come to a checkpoint, and is to pause; answered by `passed`. */
  | { readonly kind: 'checkpoint'; readonly id: number }
  /** All lines that were sent before the `sync` have been handled. */
  | { readonly kind: 'synced'; readonly id: number }
  | {
      readonly kind: 'ended';
      /** An `Ending` as JSON: what JSON leaves out is left out as for any other handler. */
      readonly ending: string;
      /** Whether the handler threw an error that its task declares. */
      readonly declared: boolean;
    };

/** Why a child did not come to its end. */
export type ChildFailure =
  | { readonly kind: 'not started'; readonly code: ExecError['code']; readonly message: string }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'other'; readonly message: string };

/** What the main side says to a thread. */
export type ToThread =
  | {
      readonly kind: 'line';
      readonly id: number;
      readonly line: string;
      readonly stream: 'stdout' | 'stderr';
    }
  | { readonly kind: 'sync'; readonly id: number }
  | { readonly kind: 'execEnded'; readonly id: number; readonly result: ExecResult }
  | { readonly kind: 'execFailed'; readonly id: number; readonly why: ChildFailure }
  /** The task is resumed, or to end. */
  | { readonly kind: 'passed'; readonly id: number }
  | ToThreadOfChild;

/** The answers to `childStart` and `childEnd`. */
export type ToThreadOfChild =
  | { readonly kind: 'childStarted'; readonly id: number; readonly taskId: string }
  /** `json`: an `EndedTask`. */
  | { readonly kind: 'childEnded'; readonly id: number; readonly json: string }
  | { readonly kind: 'childFailed'; readonly id: number; readonly why: ChildTaskFailure };

/** Why a child task was not started, or its end cannot be had. */
export type ChildTaskFailure =
  | {
      readonly kind: 'refused';
      readonly code: GatewayErrorCode;
      readonly message: string;
      readonly issues: readonly InputIssue[];
    }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'other'; readonly message: string };
