import type { TaskDefinition } from '@longhaul/proto';
import type { ChildPort } from './children/childTypes.ts';
import type { Ending } from './ending.ts';
import type { TaskContext } from './taskContext.ts';

/** Where a handler's checkpoints lead: in this thread, or from the handler's own thread. */
export type PausePort = {
  /** Resolves at once, or when the task is resumed. Rejects with the signal's reason. */
  readonly checkpoint: () => Promise<void>;
  /** Calls the listener now, and whenever it changes whether a pause is requested. */
  readonly onRequest: (listener: (isPauseRequested: boolean) => void) => void;
};

/** What one call of a handler needs, whatever thread the handler runs in. */
export type HandlerCall = {
  readonly definition: TaskDefinition;
  readonly task: TaskContext['task'];
  readonly attempt: number;
  readonly fence: number;
  /** The JSON of the request. It is parsed where the handler runs. */
  readonly input: unknown;
  /** Aborted with an `AttemptAborted`. */
  readonly signal: AbortSignal;
  /** Where progress and log lines go. */
  readonly output: Pick<TaskContext, 'progress' | 'log'>;
  readonly children: ChildPort;
  readonly pauses: PausePort;
};

/** How a call ended, and when the handler itself has ended: later than the call, where it ignores its signal. */
export type HandlerEnd = { readonly ending: Ending; readonly handlerEnded: Promise<void> };

/** A task that an executor can run: `call` calls its handler, in this thread or in one of its own. */
export type RunnableTask = {
  readonly definition: TaskDefinition;
  readonly call: (call: HandlerCall) => Promise<HandlerEnd>;
};
