// What the tests of this repository share, and no user needs: scripted tasks, and services as processes that are killed.
export { type Direction, type FaultyLink, type LinkFault, openFaultyLink } from './faultyLink.ts';
export { type HandlerLogLine, readHandlerLog } from './handlerLog.ts';
export { type NatsCluster, startNatsCluster } from './natsCluster.ts';
export { type ScriptedContract, scriptedContract, scriptedHandlers } from './scriptedTasks.ts';
export { type SpawnedService, type SpawnOptions, spawnExecutor, spawnGateway } from './spawnService.ts';
export { appendedHeaders, taskEvent } from './taskEvent.ts';
export { runExecutorProcess, runGatewayProcess } from './testProcesses.ts';
