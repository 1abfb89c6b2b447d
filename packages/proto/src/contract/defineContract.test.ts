import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { taskTypeSchema } from '../wire/names.ts';
import { createTopology } from '../wire/topology.ts';
import { ContractError, type ContractErrorCode } from './contractError.ts';
import { type Contract, defineContract, isTaskDefinition, listTasks } from './defineContract.ts';
import { defineTask } from './defineTask.ts';

const task = defineTask({ input: z.string(), output: z.string() });

function codeOf(contract: Contract): ContractErrorCode | undefined {
  try {
    defineContract(contract);
    return undefined;
  } catch (error) {
    if (error instanceof ContractError) return error.code;
    throw error;
  }
}

/** One task below as many branches as there are names but one. */
function at(path: readonly string[]): Contract {
  const [last, ...branches] = path.toReversed();
  return branches.reduce<Contract>((inner, name) => ({ [name]: inner }), { [last ?? '']: task });
}

test('a contract is returned as it was given', () => {
  const contract = { audio: { transcribe: task }, ping: task };
  expect(defineContract(contract)).toBe(contract);
  expect([...listTasks(contract).keys()]).toEqual(['audio.transcribe', 'ping']);
});

describe('names', () => {
  test.each(['', '1st', '_x', 'a b', 'a.b', 'a-b', 'a*', '>', 'é', 'a\n', 'x'.repeat(65)])(
    '"%s" is refused at any depth',
    name => {
      expect(codeOf({ [name]: task })).toBe('BAD_NAME');
      expect(codeOf({ fine: { [name]: { deep: task } } })).toBe('BAD_NAME');
    },
  );

  test.each([
    'tasks',
    'then',
    'call',
    'apply',
    '_def',
    'createCaller',
    'system',
    'constructor',
    'prototype',
    'start',
    'startMany',
    'run',
    'handle',
  ])('"%s" is reserved at any depth', name => {
    expect(codeOf(at([name]))).toBe('BAD_NAME');
    expect(codeOf(at(['a', name]))).toBe('BAD_NAME');
    expect(codeOf(at(['a', name, 'b']))).toBe('BAD_NAME');
  });

  test('what is reserved at the top does not compile', () => {
    // @ts-expect-error the gateway's own procedures are called so
    expect(() => defineContract({ tasks: task })).toThrow(ContractError);
  });

  test('a whole name that is too long for the wire is refused, however it is cut', () => {
    const part = 'x'.repeat(60);
    expect(codeOf(at([part, part, part]))).toBeUndefined();
    expect(codeOf(at([part, part, part, part, part]))).toBe('BAD_NAME');
    expect(codeOf(at(Array.from({ length: 200 }, () => 'ab')))).toBe('BAD_NAME');
  });

  test('whatever is accepted can be sent, and can name a consumer', () => {
    // NATS takes 255 characters for the name of a consumer.
    const { consumers } = createTopology();
    const part = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), path => {
        if (codeOf(at(path)) !== undefined) return;
        const name = path.join('.');
        expect(taskTypeSchema.safeParse(name).success).toBe(true);
        expect(consumers.requests(name, 'normal').durable_name.length).toBeLessThanOrEqual(255);
      }),
    );
  });
});

test.each<[string, Contract]>([
  ['a contract', {}],
  ['a branch', { audio: {} }],
  ['a branch beside tasks', { ping: task, audio: { deep: {} } }],
])('%s without a task is refused', (_what, contract) => {
  expect(codeOf(contract)).toBe('EMPTY');
});

test('a branch that has names of a definition is still a branch', () => {
  const contract = { kind: task, input: task, policy: task };
  expect(isTaskDefinition(contract)).toBe(false);
  expect([...listTasks(defineContract(contract)).keys()]).toEqual(['kind', 'input', 'policy']);
});

test('every task of a tree is listed by its path', () => {
  const tree = fc.letrec<{ tree: Contract; node: Contract }>(tie => ({
    node: fc.oneof({ depthSize: 'small' }, fc.constant(task as unknown as Contract), tie('tree')),
    tree: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('node'), {
      minKeys: 1,
      noNullPrototype: true,
    }),
  })).tree;
  fc.assert(
    fc.property(tree, contract => {
      for (const [name, definition] of listTasks(contract)) {
        const found = name
          .split('.')
          .reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], contract);
        expect(found).toBe(definition);
        expect(definition).toBe(task);
      }
      expect(listTasks(contract).size).toBeGreaterThan(0);
    }),
  );
});
