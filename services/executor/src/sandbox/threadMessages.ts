import type { MessagePort } from 'node:worker_threads';
import type { GatewayErrorCode, InputIssue } from '@longhaul/proto/wire';
import type { AbortCode } from '../handler/abort.ts';
import type { NewChild } from '../handler/children/childTypes.ts';
import type { ExecError, ExecOptions, ExecResult } from '../handler/execTypes.ts';
import type { LogLevel, TaskContext } from '../handler/taskContext.ts';

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

/** The options of a command that can be sent. Lines are sent only where `wantsLines`; the signal is a message. */
export type SentExecOptions = Omit<ExecOptions, 'onLine' | 'signal'> & { readonly wantsLines: boolean };

/** What a thread sends while it runs a handler. `ended` is the last message. */
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
      readonly order: SentExecOptions;
    }
  | { readonly kind: 'execAbort'; readonly id: number }
  /** Starts a child task. The answer has the same id. `json`: its input. */
  | {
      readonly kind: 'childStart';
      readonly id: number;
      readonly child: ChildStart;
      readonly json: string | undefined;
    }
  | { readonly kind: 'childEnd'; readonly id: number; readonly taskId: string; readonly name: string }
  /** The handler has come to a checkpoint, and a pause is requested. The answer is `passed`. */
  | { readonly kind: 'checkpoint'; readonly id: number }
  /** All lines that were sent before the `sync` have been processed. */
  | { readonly kind: 'synced'; readonly id: number }
  | {
      readonly kind: 'ended';
      /** An `Ending` as JSON: what JSON leaves out is left out as for any other handler. */
      readonly ending: string;
      /** Whether the handler threw an error that its task declares. */
      readonly declared: boolean;
    };

/** Why a command has no result. */
export type CommandFailure =
  | { readonly kind: 'not started'; readonly code: ExecError['code']; readonly message: string }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'other'; readonly message: string };

/** What the main thread sends to a handler's thread. */
export type ToThread =
  | {
      readonly kind: 'line';
      readonly id: number;
      readonly line: string;
      readonly stream: 'stdout' | 'stderr';
    }
  | { readonly kind: 'sync'; readonly id: number }
  | { readonly kind: 'execEnded'; readonly id: number; readonly result: ExecResult }
  | { readonly kind: 'execFailed'; readonly id: number; readonly why: CommandFailure }
  /** The task is resumed, or must end. */
  | { readonly kind: 'passed'; readonly id: number }
  | ToThreadOfChild;

/** The answers to `childStart` and `childEnd`. */
export type ToThreadOfChild =
  | { readonly kind: 'childStarted'; readonly id: number; readonly taskId: string }
  /** `json`: an `EndedTask`. */
  | { readonly kind: 'childEnded'; readonly id: number; readonly json: string }
  | { readonly kind: 'childFailed'; readonly id: number; readonly why: ChildTaskFailure };

/** Why a child task was not started, or its end is not known. */
export type ChildTaskFailure =
  | {
      readonly kind: 'refused';
      readonly code: GatewayErrorCode;
      readonly message: string;
      readonly issues: readonly InputIssue[];
    }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'other'; readonly message: string };
