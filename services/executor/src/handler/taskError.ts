import { preview } from '../failure/safeRead.ts';

/**
 * A declared error of a task, thrown by its handler: the task ends `FAILED` with this code, message and data.
 * Made by `ctx.error(...)`, which types code and data by the definition.
 */
export class TaskError<C extends string = string, D = unknown> extends Error {
  override readonly name = 'TaskError';
  readonly code: C;
  readonly data: D;

  constructor(code: C, message: string, data: D) {
    super(textOf(message));
    this.code = code;
    this.data = data;
  }
}

/** From untyped code it may be anything: what cannot be made a text would throw here, in place of the error. */
function textOf(message: unknown): string {
  return typeof message === 'string' ? message : preview(message);
}
