import { type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';

/** A stack without a gateway of its own, whose task `script.count` reports its next step when the test lets it. */
export type SteppedStack = {
  readonly stack: Stack<ScriptedContract>;
  /** Lets the handler report one step. */
  readonly step: () => void;
};

export async function startSteppedStack(natsUrl: string): Promise<SteppedStack> {
  let next = Promise.withResolvers<void>();
  const stack = await startStack({
    natsUrl,
    contract: scriptedContract,
    handlers: {
      script: {
        ...scriptedHandlers.script,
        count: async ({ progress, input }) => {
          for (let step = 1; step <= input.steps; step += 1) {
            await next.promise;
            next = Promise.withResolvers<void>();
            progress({ percent: (100 * step) / input.steps, description: `step ${step}` });
          }
          return { steps: input.steps };
        },
      },
    },
    gateways: 0,
  });
  return { stack, step: () => next.resolve() };
}
