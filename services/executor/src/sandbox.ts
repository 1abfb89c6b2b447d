// What a module with a sandboxed handler imports: light, since each of its threads loads it.

export { TaskError } from './handler/handlerErrors.ts';
export { type DefinedHandler, defineHandler } from './sandbox/defineHandler.ts';
