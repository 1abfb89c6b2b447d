// The tests of this repository import this; what is published is `public.ts` alone.
export { type HandlerLogLine, readHandlerLog } from './handlerLog.ts';
export * from './public.ts';
export { type ScriptedContract, scriptedContract, scriptedHandlers } from './scriptedTasks.ts';
export { type SpawnedService, type SpawnOptions, spawnExecutor, spawnGateway } from './spawnService.ts';
export { taskEvent } from './taskEvent.ts';
export { runExecutorProcess, runGatewayProcess } from './testProcesses.ts';
