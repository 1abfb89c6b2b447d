import { createExecutor, type Handler, type HandlersOf, sandboxed } from '@longhaul/executor';
import { eventThat, type Stack, startStack, within } from '@longhaul/testing';
import { inject } from 'vitest';
import { contract, type FamilyContract } from './contract.ts';

const { unserved: _unserved, ...child } = contract.child;
const { threaded: _threaded, ...parent } = contract.parent;
/** What the tests' executors serve: those with a thread take longer to start. */
const plainContract = { parent, child };
const threadedContract = { ...contract, child };

export type Scripted = Handler<FamilyContract['parent']['scripted']>;

const untilAborted = ({ signal }: { readonly signal: AbortSignal }) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });

const handlersWith = (scripted: Scripted): HandlersOf<typeof plainContract> => ({
  parent: {
    scripted,
    deep: async ({ input: { depth }, tasks }) => {
      if (depth === 0) return { sum: 0 };
      const below = await tasks(contract).parent.deep.start({ depth: depth - 1 });
      return { sum: depth + (await below.result()).sum };
    },
  },
  child: {
    add: ({ input }) => ({ sum: input.a + input.b }),
    refuse: ({ error }) => {
      throw error('REFUSED', 'No.', { by: 'the child' });
    },
    hang: untilAborted,
    count: ({ input }) => ({ chars: JSON.stringify(input.json).length }),
    long: ({ input }) => ({ text: 'x'.repeat(input.chars) }),
  },
});
const url = new URL('./threaded.ts', import.meta.url);
const threaded = sandboxed<typeof import('./threaded.ts'), 'threaded'>(url, { exportName: 'threaded' });

/** A system with one gateway that knows the whole contract, and executors of the served part. */
export async function startFamilies(options: { readonly gateways?: number } = {}) {
  const stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers: {} as HandlersOf<FamilyContract>,
    executors: 0,
    ...options,
  });
  const common = { nats: { servers: inject('natsUrl') }, namespace: stack.namespace };
  return {
    stack,
    /** An executor whose parent does what the test says. */
    executor: (scripted: Scripted, concurrency = 8) =>
      createExecutor({
        ...common,
        contract: plainContract,
        handlers: handlersWith(scripted),
        concurrency,
      }),
    /** One that serves the parent in a thread as well. */
    threadedExecutor: (concurrency: number) => {
      const handlers = handlersWith(() => ({ said: '' }));
      return createExecutor({
        ...common,
        contract: threadedContract,
        handlers: { ...handlers, parent: { ...handlers.parent, threaded } },
        concurrency,
      });
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** Resolves with the event of a type of one task. */
export const eventOf = (stack: Stack<FamilyContract>, id: string, type: string) =>
  eventThat(stack.broker, `${type} of ${id}`, stored => stored.id === id && stored.event.type === type);

/** The tasks that a task's record says it started, as records. */
export async function childrenOf(stack: Stack<FamilyContract>, id: string) {
  const { children = [] } = await stack.tasks.$tasks.get(id);
  return within('the children', Promise.all(children.map(child => stack.tasks.$tasks.get(child.id))));
}
