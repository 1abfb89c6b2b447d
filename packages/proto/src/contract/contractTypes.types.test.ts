import { z } from 'zod';
import type { FailureOf, TaskEventOf, TaskOutcomeOf, TaskRecordOf } from '../api/taskViews.ts';
import type { BuiltInFailureCode } from '../wire/failure.ts';
import { defineContract, type TaskAt, type TaskTypes } from './defineContract.ts';
import { defineTask } from './defineTask.ts';
import type { ErrorsOf, InputOf, OutputOf, ParsedInputOf, ProgressOf } from './taskDefinition.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const count = defineTask({
  input: z.object({ to: z.string().transform(Number), step: z.int().default(1) }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ sum: z.number() }),
  errors: { TOO_FAR: z.object({ limit: z.number() }), NO_WAY: z.object({}) },
});
const plain = defineTask({ input: z.string(), output: z.string() });
const contract = defineContract({ numbers: { count, deep: { er: plain } }, plain });
type Count = typeof count;
type Plain = typeof plain;

// The four sides of a definition.
true satisfies Equal<InputOf<Count>, { to: string; step?: number | undefined }>;
true satisfies Equal<ParsedInputOf<Count>, { to: number; step: number }>;
true satisfies Equal<ProgressOf<Count>, { percent: number }>;
true satisfies Equal<OutputOf<Count>, { sum: number }>;
true satisfies Equal<ErrorsOf<Count>, { TOO_FAR: { limit: number }; NO_WAY: Record<string, never> }>;
true satisfies Equal<ProgressOf<Plain>, never>;
true satisfies Equal<keyof ErrorsOf<Plain>, never>;

// The key of a limit is a function of the parsed input.
defineTask({
  input: z.object({ to: z.string().transform(Number) }),
  output: z.string(),
  concurrency: { limit: 1, key: ({ to }) => to.toFixed(0) },
});
defineTask({
  input: z.object({ to: z.string().transform(Number) }),
  output: z.string(),
  // @ts-expect-error: a key is a text
  concurrency: [{ limit: 1, key: ({ to }) => to }],
});

// Names and what they stand for.
true satisfies Equal<TaskTypes<typeof contract>, 'numbers.count' | 'numbers.deep.er' | 'plain'>;
true satisfies Equal<TaskAt<typeof contract, 'numbers.count'>, Count>;
true satisfies Equal<TaskAt<typeof contract, 'numbers.deep.er'>, Plain>;
true satisfies Equal<TaskAt<typeof contract, 'plain'>, Plain>;
true satisfies Equal<TaskAt<typeof contract, 'numbers'>, never>;
true satisfies Equal<TaskAt<typeof contract, 'numbers.nothing'>, never>;
true satisfies Equal<TaskAt<typeof contract, 'plain.input'>, never>;

// Failures narrow by code.
export function failure(given: FailureOf<Count>): void {
  true satisfies Equal<typeof given.code, 'TOO_FAR' | 'NO_WAY' | BuiltInFailureCode>;
  if (given.code === 'TOO_FAR') true satisfies Equal<typeof given.data, { limit: number }>;
  // @ts-expect-error a failure that any task can have brings no data
  if (given.code === 'TIMEOUT') given.data;
  // @ts-expect-error the task declares no such code
  if (given.code === 'TOO_NEAR') given.message;
}
true satisfies Equal<FailureOf<Plain>['code'], BuiltInFailureCode>;

// Records narrow by status.
export function record(given: TaskRecordOf<Count>): void {
  true satisfies Equal<typeof given.progress, { percent: number } | undefined>;
  switch (given.status) {
    case 'COMPLETED':
      // Another contract may have written an output that this one refuses.
      true satisfies Equal<typeof given.output, { sum: number } | undefined>;
      if ('output' in given && given.output) true satisfies Equal<typeof given.output, { sum: number }>;
      // @ts-expect-error a completed task has no error
      given.error;
      return;
    case 'FAILED':
    case 'RETRYING':
      true satisfies Equal<typeof given.error, FailureOf<Count>>;
      // @ts-expect-error a failed task has no output
      given.output;
      return;
    case 'CANCELED':
      true satisfies Equal<typeof given.cancelReason, string | undefined>;
      return;
    default:
      true satisfies Equal<typeof given.status, 'SCHEDULED' | 'PENDING' | 'RUNNING' | 'PAUSED' | 'STOPPING'>;
      // @ts-expect-error a task that runs has no output yet
      given.output;
  }
}

// Outcomes narrow by status, and by `done`.
export function outcome(given: TaskOutcomeOf<Count>): void {
  if (given.status === 'COMPLETED') {
    if (given.unfit) true satisfies Equal<typeof given.output, undefined>;
    else true satisfies Equal<typeof given.output, { sum: number }>;
  }
  if (given.status === 'FAILED') true satisfies Equal<typeof given.error, FailureOf<Count>>;
  if (given.status === 'CANCELED') true satisfies Equal<typeof given.reason, string | undefined>;
  if (given.done) true satisfies Equal<typeof given.status, 'COMPLETED' | 'FAILED' | 'CANCELED'>;
  else true satisfies Equal<typeof given.progress, { percent: number } | undefined>;
  // @ts-expect-error whether it has an output is not known yet
  given.output;
}

// Events narrow by type.
export function event(given: TaskEventOf<Count>): void {
  if (given.type === 'snapshot') true satisfies Equal<typeof given.record, TaskRecordOf<Count>>;
  if (given.type === 'progress') true satisfies Equal<typeof given.progress, { percent: number }>;
  if (given.type === 'completed') {
    if (given.unfit) true satisfies Equal<typeof given.output, undefined>;
    else true satisfies Equal<typeof given.output, { sum: number }>;
  }
  if (given.type === 'failed') true satisfies Equal<typeof given.error, FailureOf<Count>>;
  // @ts-expect-error there is no such event
  if (given.type === 'ended') given.at;
}

// What cannot be defined.
// @ts-expect-error a definition without output
defineTask({ input: z.string() });
// @ts-expect-error an error is declared by a schema
defineTask({ input: z.string(), output: z.string(), errors: { BAD: 'text' } });
// @ts-expect-error no such option
defineTask({ input: z.string(), output: z.string(), timeout: 5 });
// @ts-expect-error a leaf is a task definition
defineContract({ audio: { transcribe: 'task' } });
// @ts-expect-error reserved for the gateway's own procedures
defineContract({ tasks: plain });
