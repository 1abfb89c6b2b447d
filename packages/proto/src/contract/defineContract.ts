import type { z } from 'zod';
import { taskTypeLimit } from '../wire/names.ts';
import { ContractError } from './contractError.ts';
import { routeKey } from './restRoute.ts';
import type { TaskDefinition } from './taskDefinition.ts';

/** A tree of task definitions. A task type is the path of its definition, joined with dots: `audio.transcribe`. */
export type Contract = { readonly [name: string]: TaskDefinition | Contract };

/** The names that a contract cannot use at its top: the gateway's own procedures, and what tRPC reserves. */
type ReservedNames = {
  [N in 'tasks' | 'schedules' | 'system' | 'then' | 'call' | 'apply' | '_def' | 'createCaller']?: never;
};

/** What {@link defineContract} accepts at first; {@link ContractFaults} then checks each part. */
type ContractTree = { readonly [name: string]: object };

/** A text in place of each part that is no task definition: the compiler prints it as the type that the part should have. */
type ContractFaults<C, Prefix extends string = ''> = string extends keyof C
  ? unknown
  : {
      readonly [K in keyof C]: C[K] extends TaskDefinition
        ? unknown
        : C[K] extends Contract
          ? unknown
          : C[K] extends { readonly input: z.ZodType } | { readonly output: z.ZodType }
            ? `'${Prefix}${K & string}' is a plain object: write defineTask({ … }) around it`
            : C[K] extends object
              ? ContractFaults<C[K], `${Prefix}${K & string}.`>
              : never;
    };

/** Every task type of a contract, as a union of dotted paths. */
export type TaskTypes<C extends Contract> = {
  [K in keyof C & string]: C[K] extends TaskDefinition
    ? K
    : C[K] extends Contract
      ? `${K}.${TaskTypes<C[K]>}`
      : never;
}[keyof C & string];

/** The definition that a dotted name stands for. */
export type TaskAt<C, N extends string> = N extends `${infer Head}.${infer Rest}`
  ? Head extends keyof C
    ? TaskAt<C[Head], Rest>
    : never
  : N extends keyof C
    ? C[N] extends TaskDefinition
      ? C[N]
      : never
    : never;

/** The verbs of a client's task: a task of that name inside a branch could not be told from them. */
const verbs = ['start', 'startMany', 'run', 'handle', 'schedule'];
const segment = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const reserved = new Set([
  ...verbs,
  'tasks',
  'schedules',
  'system',
  'then',
  'call',
  'apply',
  '_def',
  'createCaller',
  'constructor',
  '__proto__',
  'prototype',
]);

/**
 * Puts task definitions into one tree that gateway, executors and clients share.
 *
 * @throws ContractError `BAD_NAME` when a name cannot be a token of a NATS subject, is reserved or too long, `EMPTY` when a
 *   branch holds no task, `BAD_ROUTE` when two tasks have the same REST route.
 *
 * @example
 * ```ts
 * import { defineContract } from '@longhaul/proto';
 *
 * export const contract = defineContract({ audio: { transcribe }, report: { build } });
 * ```
 */
export function defineContract<const C extends ContractTree & ReservedNames>(
  contract: C & ContractFaults<C>,
): C {
  checkBranch(contract as Contract, []);
  checkRoutes(contract as Contract);
  return contract;
}

function checkRoutes(contract: Contract): void {
  const taken = new Map<string, string>();
  for (const [name, { rest }] of listTasks(contract)) {
    for (const route of rest) {
      const key = routeKey(route);
      const other = taken.get(key);
      if (other !== undefined) {
        throw new ContractError(
          'BAD_ROUTE',
          `${route.method} ${route.path} of ${name} is a route of ${other} as well: change one of them.`,
        );
      }
      taken.set(key, name);
    }
  }
}

function checkBranch(branch: Contract, path: readonly string[]): void {
  const entries = Object.entries(branch);
  if (entries.length === 0) {
    throw new ContractError(
      'EMPTY',
      `The contract${path.length > 0 ? ` at "${path.join('.')}"` : ''} holds no task: define one or remove it.`,
    );
  }
  for (const [name, child] of entries) {
    const here = [...path, name];
    if (!segment.test(name) || reserved.has(name)) {
      throw new ContractError(
        'BAD_NAME',
        `"${here.join('.')}" is no task type: each part is a letter, then letters, digits or "_" (64 at most), and none of ${[...reserved].join(', ')}.`,
      );
    }
    if (!isTaskDefinition(child)) {
      checkBranch(child, here);
    } else if (here.join('.').length > taskTypeLimit) {
      throw new ContractError(
        'BAD_NAME',
        `The task type "${here.join('.')}" has more than ${taskTypeLimit} characters: shorten its parts.`,
      );
    }
  }
}

/** Tells a task definition from a branch of the tree. */
export function isTaskDefinition(node: TaskDefinition | Contract): node is TaskDefinition {
  return node.kind === 'task' && 'input' in node && 'policy' in node;
}

/** Every task of a contract with its dotted name, in the order of the tree. */
export function listTasks(
  contract: Contract,
  path: readonly string[] = [],
): ReadonlyMap<string, TaskDefinition> {
  const found = new Map<string, TaskDefinition>();
  for (const [key, node] of Object.entries(contract)) {
    const here = [...path, key];
    if (isTaskDefinition(node)) found.set(here.join('.'), node);
    else for (const [name, definition] of listTasks(node, here)) found.set(name, definition);
  }
  return found;
}
