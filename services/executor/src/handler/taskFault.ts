import type { BuiltInFailureCode } from '@longhaul/proto';

/** An end of an attempt that the handler did not declare: its code is one of Longhaul's own. */
export class TaskFault extends Error {
  override readonly name = 'TaskFault';
  readonly code: BuiltInFailureCode;

  constructor(code: BuiltInFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
