export { type HandlerLogLine, readHandlerLog } from './handlerLog.ts';
export { natsForTests } from './natsServer.ts';
export { type ScriptedContract, scriptedContract, scriptedHandlers } from './scriptedTasks.ts';
export { type SpawnedService, type SpawnOptions, spawnExecutor, spawnGateway } from './spawnService.ts';
export { freshNamespace, type Stack, type StackOptions, startStack } from './startStack.ts';
export type { TestNats } from './testNats.ts';
export { deadlineMs, eventThat, recordThat, within } from './waitFor.ts';
