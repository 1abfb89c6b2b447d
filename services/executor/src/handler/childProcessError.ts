/** A child process that could not be started. */
export class ChildProcessError extends Error {
  override readonly name = 'ChildProcessError';
  readonly code: 'COMMAND_NOT_FOUND' | 'COMMAND_FAILED_TO_START';

  constructor(code: ChildProcessError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
