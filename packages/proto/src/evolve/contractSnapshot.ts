import { z } from 'zod';
import { type Contract, listTasks } from '../contract/defineContract.ts';
import type { TaskDefinition } from '../contract/taskDefinition.ts';
import type { JsonSchema } from './jsonSchema.ts';

/** A task type as a snapshot has it. Schemas are JSON Schemas of what is accepted. */
export type TaskSnapshot = {
  /** What is accepted as input. */
  readonly input: JsonSchema;
  /** What progress looks like. */
  readonly progress: JsonSchema;
  /** What the output looks like. */
  readonly output: JsonSchema;
  /** The data of the declared errors, by code. */
  readonly errors: Readonly<Record<string, JsonSchema>>;
  /** The policy, with its defaults. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** The limits across executors. */
  readonly limits: Readonly<Record<string, unknown>>;
  /** The REST routes of its own, as `POST /v1/…`. */
  readonly rest: readonly string[];
};

/** A contract as plain JSON, to be kept and compared with a later one: see `checkContract`. */
export type ContractSnapshot = {
  /** The version of this format. */
  readonly v: 1;
  /** The task types, by their dotted names. */
  readonly tasks: Readonly<Record<string, TaskSnapshot>>;
};

/**
 * Makes the snapshot of a contract: commit it as a file, and have a test compare the contract of today with it.
 *
 * @example
 * ```ts
 * writeFileSync('contract.json', JSON.stringify(contractSnapshot(contract), null, 2));
 * ```
 */
export function contractSnapshot(contract: Contract): ContractSnapshot {
  const tasks = [...listTasks(contract)].map(
    ([name, definition]) => [name, taskSnapshot(definition)] as const,
  );
  return { v: 1, tasks: Object.fromEntries(tasks) };
}

function taskSnapshot({
  input,
  progress,
  output,
  errors,
  policy,
  limits,
  rest,
}: TaskDefinition): TaskSnapshot {
  return {
    input: schemaOf(input),
    progress: schemaOf(progress),
    output: schemaOf(output),
    errors: Object.fromEntries(Object.entries(errors).map(([code, schema]) => [code, schemaOf(schema)])),
    policy: asJson(policy),
    limits: asJson({
      ...limits,
      // The function that finds the key is not to be compared; that there is one is.
      concurrency: limits.concurrency.map(({ key, ...limit }) => ({ ...limit, keyed: key !== undefined })),
    }),
    rest: rest.map(({ method, path }) => `${method} ${path}`),
  };
}

function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return JSON.parse(JSON.stringify(rest)) as JsonSchema;
}

/** Without `undefined`, as it is when it has been written to a file and read again. */
function asJson<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
