import { z } from 'zod';
import { backoffSchema, type CompleteBackoff } from './backoff.ts';
import { strictOptions } from './strictOptions.ts';

/** What a timer can wait for: Node fires a longer one at once. */
export const longestTimerMs = 2 ** 31 - 1;
const milliseconds = z.int().min(0).max(longestTimerMs);

/** How a task is run. Every field has a default; see {@link defaultPolicy}. */
export const policySchema = strictOptions({
  /** How often a failing handler is started in all. Default: 1, so a failure is the end. */
  maxAttempts: z.int().min(1).max(1_000),
  /** How long a failed attempt waits for the next. Default: exponential, from 1 s up to 1 min. */
  backoff: backoffSchema,
  /**
   * The error codes after which it is tried again; of declared errors and `HANDLER_ERROR`, `TIMEOUT`,
   * `SANDBOX_CRASHED`. Default: all of them. What would fail again in the same way (a wrong output) never is.
   */
  retryOn: z.array(z.string()).max(100).optional(),
  /**
   * How many executors may be lost while they run the task; with one more it ends `EXECUTOR_LOST`. Counted apart
   * from `maxAttempts`: a lost executor is not the handler's failure. Default: 3.
   */
  maxLosses: z.int().min(0).max(1_000),
  /**
   * Ends an attempt after this many milliseconds with `TIMEOUT`, so that no handler holds a slot for ever. `0`: no
   * limit, for work that may take days. Default: 3,600,000, an hour.
   */
  timeoutMs: milliseconds,
  /** Ends the task so many milliseconds after it was to start, attempts and waits included. `0`: no limit. Default: 0. */
  totalTimeoutMs: milliseconds,
  /**
   * After a cancel, how many milliseconds a handler has to come to an end. One that is still running then is
   * recorded as canceled with `handlerStillRunning: true`, and a sandboxed one is ended with its thread. Default: 10,000.
   */
  cancelGraceMs: milliseconds,
  /**
   * The share of an executor's slots that one owner may have with these tasks while tasks of others are about: seen by
   * the executor within the last hour. Its last free slot is for owners who hold none. More than 0; `1` means that the
   * queue alone decides. Default: 0.75.
   */
  ownerShare: z.number().gt(0).max(1),
  /** At least this many milliseconds lie between two progress events; the latest progress wins. Default: 100. */
  progressIntervalMs: milliseconds,
  /**
   * The handler must run in a thread of its own, written as `sandboxed(…)`: an executor with a plain function for it
   * does not start. For work that keeps the processor busy, or must end for certain when it is canceled. Default: false.
   */
  sandbox: z.boolean(),
  /** The handler awaits `checkpoint()`, so its task can be paused and resumed while it runs. Default: false. */
  pausable: z.boolean(),
});

/** How a task is run, complete with defaults: what `defineTask` makes of its options. Durations are milliseconds. */
export type TaskPolicy = z.output<typeof policySchema>;

const defaultBackoff: CompleteBackoff = { kind: 'exponential', firstMs: 1_000, factor: 2, maxMs: 60_000 };

/** The policy of a definition that says nothing else. Durations are milliseconds. */
export const defaultPolicy: TaskPolicy = {
  maxAttempts: 1,
  backoff: defaultBackoff,
  maxLosses: 3,
  timeoutMs: 3_600_000,
  totalTimeoutMs: 0,
  cancelGraceMs: 10_000,
  ownerShare: 0.75,
  progressIntervalMs: 100,
  sandbox: false,
  pausable: false,
};

/** The part of the policy that a start may set for its one task. */
export const policyOverridesSchema = policySchema
  .pick({ maxAttempts: true, backoff: true, timeoutMs: true, totalTimeoutMs: true })
  .partial();
/** The part of the policy that a start may set, as a caller writes it. Durations are milliseconds. */
export type PolicyOverrides = z.input<typeof policyOverridesSchema>;
