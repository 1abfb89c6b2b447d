export { type AbortCode, AttemptAborted } from './attempt/abortReasons.ts';
export { createExecutor, type Executor, type ExecutorOptions } from './createExecutor.ts';
export type { ExecutorStatus } from './executorService.ts';
export { type ChildOptions, ChildProcessError, type ChildResult } from './handler/childProcess.ts';
export { HandlersError, type HandlersOf, selectTasks } from './handler/handlers.ts';
export { type RunHandlerOptions, runHandler } from './handler/handlerTest.ts';
export type { Handler, LogLevel, TaskContext, TaskLog } from './handler/taskContext.ts';
export { TaskError } from './handler/taskError.ts';
