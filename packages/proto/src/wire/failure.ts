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
  INVALID_OUTPUT: 'The handler returned something that the output schema refuses. Fix the handler.',
  INVALID_PROGRESS: 'The handler reported progress that the progress schema refuses. Fix the handler.',
  INVALID_ERROR_DATA:
    'The handler threw a declared error with data that its schema refuses. Fix the handler.',
  OUTPUT_TOO_LARGE: 'The output is larger than the payload limit. Store it elsewhere and return a reference.',
  EXECUTOR_LOST:
    'The executors that ran it died or were cut off, more often than maxLosses. Check their logs and their memory.',
  NOT_STARTED_IN_TIME: 'No executor took it before it was to be started. Add executors, or allow more time.',
  SANDBOX_CRASHED:
    "The thread of a sandboxed handler ended before the handler did: an uncaught error, process.exit, or more memory than its maxMemoryMb. Read the message and the executor's log.",
  TASK_TIMEOUT: 'The whole task took longer than totalTimeoutMs. Raise it or make the work smaller.',
  TIMEOUT: "The attempt took longer than the task's time limit. Raise timeoutMs or make the work smaller.",
} as const;

/** The code of a failure that any task can have. */
export type BuiltInFailureCode = keyof typeof builtInFailures;

/** Tells whether a failure's code is one of Longhaul's own. */
export function isBuiltInFailureCode(code: string): code is BuiltInFailureCode {
  return Object.hasOwn(builtInFailures, code);
}

/** How much of what was thrown a failure keeps. Writers cut to this; readers take more. */
export const failureLimits = {
  /** Characters of `name`, and of a cause's `code`. */
  nameChars: 100,
  messageChars: 8_192,
  stackChars: 8_192,
  /** How many causes are listed; more are counted in `causesOmitted`. */
  causes: 8,
  causeMessageChars: 1_024,
  causeStackChars: 2_048,
} as const;

const stack = z
  .string()
  .optional()
  .meta({ description: 'Where it was thrown. Left out for callers who may not see it (`exposeStack`).' });

/** An error below a thrown one: its `cause`, or one of an `AggregateError`'s `errors`. */
export const failureCauseSchema = z.object({
  depth: z.int().min(1).meta({
    description: 'Below the failure itself: 1. Below the nearest cause before it with depth n: n + 1.',
  }),
  from: z.enum(['cause', 'errors']).meta({ description: 'The property of the error above that held it.' }),
  name: z.string().optional().meta({ description: 'The class of the error: `TypeError`.' }),
  code: z.string().optional().meta({ description: 'Its own code, where it has one: `ECONNREFUSED`.' }),
  message: z.string(),
  stack,
});
/** An error below the one that was thrown. */
export type FailureCause = z.infer<typeof failureCauseSchema>;

/** What a failure says of the error that was thrown. */
export const thrownSchema = z.object({
  name: z
    .string()
    .optional()
    .meta({ description: 'The class of the error that was thrown, where one was: `TypeError`.' }),
  message: z.string(),
  stack,
  causes: z
    .array(failureCauseSchema)
    .optional()
    .meta({ description: 'What caused it, outermost first: causes, and members of an `AggregateError`.' }),
  causesOmitted: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'How many more causes there were, at least.' }),
});
/** What was thrown, as a failure keeps it. */
export type Thrown = z.infer<typeof thrownSchema>;

/** A failure as it travels: in events and records. */
export const failureSchema = z.object({
  code: z.string().meta({ description: 'A declared error code of the task, or one of the built-in ones.' }),
  ...thrownSchema.shape,
  data: z.unknown().optional().meta({ description: "What the declared error's schema says." }),
});
/** Why an attempt or a task failed: code, message, the error that was thrown, and the data of a declared error. */
export type Failure = z.infer<typeof failureSchema>;

/** A failure without stacks: for those who may not see them, and where they would take too much room. */
export function withoutStacks<F extends { stack?: string | undefined; causes?: FailureCause[] | undefined }>(
  failure: F,
): Omit<F, 'stack'> {
  const { stack: _stack, ...rest } = failure;
  if (!failure.causes) return rest;
  return { ...rest, causes: failure.causes.map(({ stack: _, ...cause }) => cause) };
}
