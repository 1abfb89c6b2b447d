export {
  TaskCanceledError,
  TaskFailedError,
  type TaskFailedErrorOf,
  TaskOutputUnfitError,
} from '@longhaul/proto';
export type { OnCutOff } from './attempt/followLink.ts';
export { createExecutor } from './createExecutor.ts';
export type { Executor, ExecutorOptions } from './executorOptions.ts';
export { type AbortCode, AttemptAborted } from './handler/abort.ts';
export type {
  ChildStarter,
  ChildTask,
  ChildTasks,
  NewChild,
  StartChildren,
} from './handler/children/childTypes.ts';
export { ChildStartError } from './handler/children/childTypes.ts';
export { ExecError, type ExecOptions, type ExecResult } from './handler/execTypes.ts';
export { AdvisedError, doNotRetry, retryAfter, TaskError } from './handler/handlerErrors.ts';
export { HandlersError, type HandlersOf, type PlainHandlersOf, selectTasks } from './handler/handlers.ts';
export { type RunHandlerOptions, runHandler } from './handler/runHandler.ts';
export type { Handler, LogLevel, TaskContext, TaskLog } from './handler/taskContext.ts';
export { type Sandboxed, type SandboxOptions, sandboxed } from './sandbox/sandboxed.ts';
export type { MetricsOptions } from './telemetry/metricsServer.ts';
