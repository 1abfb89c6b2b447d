/** How a child process is run. */
export type ExecOptions = {
  readonly cwd?: string;
  /** Added to the executor's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the child's standard input, which is then closed. */
  readonly input?: string;
  /**
   * Called with each line that the child writes, without its line break, as it is written. A line of more than
   * 64 Ki characters comes in pieces. When it throws, the child is ended and the promise rejects with that error.
   */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** How many characters of each stream are kept for the result; later ones are dropped and said so. Default: 1 Mi. */
  readonly maxOutputChars?: number;
  /** Milliseconds between SIGTERM and SIGKILL when the task is aborted. Default: 2,000. */
  readonly killAfterMs?: number;
  /** Ends the child beside the task's own signal: `AbortSignal.timeout(ms)` is a time limit for this child alone. */
  readonly signal?: AbortSignal;
};

/** How a child process ended. */
export type ExecResult = {
  /** The exit code; for a child that a signal ended, 128 + the signal's number, as in a shell. */
  readonly exitCode: number;
  /** What it wrote, without the last line break. */
  readonly stdout: string;
  readonly stderr: string;
  /** True when `maxOutputChars` cut one of the streams. */
  readonly truncated: boolean;
};

/** A child process that could not be started. */
export class ExecError extends Error {
  override readonly name = 'ExecError';
  readonly code: 'COMMAND_NOT_FOUND' | 'COMMAND_FAILED_TO_START';

  constructor(code: ExecError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
