import { ChildStartError } from '@longhaul/executor';
import { defineHandler } from '@longhaul/executor/sandbox';
import { contract } from './contract.ts';

const { child } = contract;

export const threaded = defineHandler(contract.parent.threaded, async ({ input, tasks }) => {
  const { add, count, refuse, hang } = tasks({ child }).child;
  switch (input.do) {
    case 'refuse': {
      const refused = await refuse.start({});
      const error: unknown = await refused.result().catch((thrown: unknown) => thrown);
      if (refused.isFailure(error) && error.failure.code === 'REFUSED') {
        return { said: `refused by ${error.failure.data.by}` };
      }
      throw error;
    }
    case 'misuse': {
      const refused: unknown = await add.start({ a: 0.5 }).catch((thrown: unknown) => thrown);
      if (!(refused instanceof ChildStartError)) throw refused;
      return { said: `${refused.code} at ${refused.issues[0]?.path.join('.')}` };
    }
    case 'broad': {
      const json = Array.from({ length: 100_001 }, () => 12345);
      const refused: unknown = await count.start({ json }).catch((thrown: unknown) => thrown);
      if (!(refused instanceof ChildStartError)) throw refused;
      return { said: refused.code };
    }
    case 'hang':
      await (await hang.start({})).result();
      return { said: 'not reached' };
    case undefined: {
      const added = await Promise.all(Array.from({ length: input.adds }, (_, a) => add.start({ a })));
      const sums = await Promise.all(added.map(one => one.result()));
      return { said: sums.map(({ sum }) => sum).join() };
    }
  }
});
