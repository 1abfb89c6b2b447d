import { CodedError } from '@longhaul/proto/wire';

/** Options of `ctx.exec`. */
export type ExecOptions = {
  /** The working folder. Default: the executor's own. */
  readonly cwd?: string;
  /** Added to the executor's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the command's standard input, which is then closed. Default: no standard input. */
  readonly input?: string;
  /**
   * Called with each line that the command writes, without its line break, as it is written. A line of more than
   * 64 Ki characters comes in pieces. When it throws, the command is ended and the promise rejects with that error.
   */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** How many characters of each stream are kept for the result; with more, `truncated` is true. Default: 1 Mi. */
  readonly maxOutputChars?: number;
  /** Milliseconds between SIGTERM and SIGKILL when the task is aborted. Default: 2,000. */
  readonly killAfterMs?: number;
  /** Ends the command, besides the task's own signal: `AbortSignal.timeout(ms)` is a time limit for this command. */
  readonly signal?: AbortSignal;
};

/** How a command ended. */
export type ExecResult = {
  /** The exit code. For a command that a signal ended: 128 + the signal's number, as in a shell. */
  readonly exitCode: number;
  /** What it wrote to its standard output, without the last line break. */
  readonly stdout: string;
  /** What it wrote to its standard error, without the last line break. */
  readonly stderr: string;
  /** Whether `maxOutputChars` cut one of the streams. */
  readonly truncated: boolean;
};

/** A command that could not be started: it is not on the PATH (`COMMAND_NOT_FOUND`), or the system refused to start it. */
export class ExecError extends CodedError<'COMMAND_NOT_FOUND' | 'COMMAND_FAILED_TO_START'> {
  override readonly name = 'ExecError';
}
