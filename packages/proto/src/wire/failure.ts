import { z } from 'zod';

/**
 * Why a task can end `FAILED` apart from the errors that its definition declares: code → what it means and what to
 * do. Documented in `docs/errors.md`; a test keeps both equal.
 */
export const builtInFailures = {
  HANDLER_ERROR:
    "The handler threw an error that the task does not declare. Read the message and the executor's log.",
  INVALID_INPUT:
    "The executor's contract refuses the input that the gateway accepted, or that was queued under an earlier contract. Deploy both with the same contract, and change it so that queued inputs still fit.",
  INPUT_UNREADABLE:
    'The large input has expired in the object store, or is damaged there. Start a new task with it.',
  INVALID_OUTPUT: 'The handler returned something that the output schema refuses. Mend the handler.',
  INVALID_PROGRESS: 'The handler reported progress that the progress schema refuses. Mend the handler.',
  INVALID_ERROR_DATA:
    'The handler threw a declared error with data that its schema refuses. Mend the handler.',
  OUTPUT_TOO_LARGE: 'The output is larger than the payload limit. Store it elsewhere and return a reference.',
  EXECUTOR_LOST:
    'The executors that ran it died or were cut off, more often than maxLosses. Look at their logs and their memory.',
  NOT_STARTED_IN_TIME: 'No executor took it before it was to be started. Add executors, or allow more time.',
  SANDBOX_CRASHED:
    "The thread of a sandboxed handler ended before the handler did: an error that nobody caught, process.exit, or more memory than its maxMemoryMb. Read the message and the executor's log.",
  TASK_TIMEOUT: 'The whole task took longer than totalTimeoutMs. Raise it or make the work smaller.',
  TIMEOUT: "The attempt took longer than the task's time limit. Raise timeoutMs or make the work smaller.",
} as const;

/** The code of a failure that any task can have. */
export type BuiltInFailureCode = keyof typeof builtInFailures;

/** Tells whether a failure's code is one of Longhaul's own. */
export function isBuiltInFailureCode(code: string): code is BuiltInFailureCode {
  return Object.hasOwn(builtInFailures, code);
}

/** A failure as it travels: in events and records. */
export const failureSchema = z.object({
  code: z.string().meta({ description: 'A declared error code of the task, or one of the built-in ones.' }),
  message: z.string(),
  data: z.unknown().optional().meta({ description: "What the declared error's schema says." }),
});
export type Failure = z.infer<typeof failureSchema>;
