export {
  TaskCanceledError,
  TaskFailedError,
  type TaskFailedErrorOf,
  TaskOutputUnfitError,
} from '@longhaul/proto';
export { type AbortCode, AttemptAborted } from './attempt/abortReasons.ts';
export { createExecutor, type Executor, type ExecutorOptions } from './createExecutor.ts';
export type {
  ChildStarter,
  ChildTask,
  ChildTasks,
  NewChild,
  StartChildren,
} from './handler/children/childTypes.ts';
export { ChildStartError } from './handler/children/childTypes.ts';
export type { ExecOptions, ExecResult } from './handler/exec.ts';
export { ExecError } from './handler/exec.ts';
export { AdvisedError, doNotRetry, retryAfter, TaskError } from './handler/handlerErrors.ts';
export { HandlersError, type HandlersOf, type PlainHandlersOf, selectTasks } from './handler/handlers.ts';
export { type RunHandlerOptions, runHandler } from './handler/handlerTest.ts';
export type { Handler, LogLevel, TaskContext, TaskLog } from './handler/taskContext.ts';
export { type Sandboxed, type SandboxOptions, sandboxed } from './sandbox/sandboxed.ts';
export type { MetricsOptions } from './telemetry/metricsServer.ts';
