export {
  TaskCanceledError,
  TaskFailedError,
  type TaskFailedErrorOf,
  TaskOutputUnfitError,
} from '@longhaul/proto';
export { type AbortCode, AttemptAborted } from './attempt/abortReasons.ts';
export { createExecutor, type Executor, type ExecutorOptions } from './createExecutor.ts';
export type { ChildOptions, ChildResult } from './handler/childProcess.ts';
export { ChildProcessError } from './handler/childProcessError.ts';
export { ChildStartError } from './handler/children/childStartError.ts';
export type {
  ChildStarter,
  ChildTask,
  ChildTasks,
  NewChild,
  StartChildren,
} from './handler/children/childTypes.ts';
export { HandlersError, type HandlersOf, type PlainHandlersOf, selectTasks } from './handler/handlers.ts';
export { type RunHandlerOptions, runHandler } from './handler/handlerTest.ts';
export { AdvisedError, doNotRetry, retryAfter } from './handler/retryAdvice.ts';
export { type Sandboxed, type SandboxOptions, sandboxed } from './handler/sandbox/sandboxed.ts';
export type { Handler, LogLevel, TaskContext, TaskLog } from './handler/taskContext.ts';
export { TaskError } from './handler/taskError.ts';
export type { MetricsOptions } from './observe/metricsServer.ts';
