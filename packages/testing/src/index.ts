export { type RunHandlerOptions, runHandler } from '@longhaul/executor';
export { natsForTests } from './natsServer.ts';
export { freshNamespace, type Stack, type StackOptions, startStack } from './startStack.ts';
export type { TestNats } from './testNats.ts';
export { deadlineMs, eventThat, recordThat, within } from './waitFor.ts';
