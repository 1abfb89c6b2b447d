// What a module with a sandboxed handler imports: light, since each of its threads loads it.
export { type DefinedHandler, defineHandler } from './handler/sandbox/defineHandler.ts';
export { TaskError } from './handler/taskError.ts';
