export { natsForTests, type TestNats } from './natsServer.ts';
export { type ScriptedContract, scriptedContract, scriptedHandlers } from './scriptedTasks.ts';
export { type SpawnedService, type SpawnOptions, spawnExecutor, spawnGateway } from './spawnService.ts';
export { freshNamespace, type Stack, type StackOptions, startStack } from './startStack.ts';
export { deadlineMs, eventThat, recordThat, within } from './waitFor.ts';
