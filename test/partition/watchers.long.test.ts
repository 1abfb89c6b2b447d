import { recordThat, startStack, within } from '@longhaul/testing';
import {
  type Direction,
  openFaultyLink,
  scriptedContract,
  scriptedHandlers,
  spawnGateway,
} from '@longhaul/testkit';
import { expect, inject, test } from 'vitest';

/** What `npm run test:partition` demands; a machine that runs other tests beside this one gets more. */
const limitMs = Number(process.env.LONGHAUL_PARTITION_LIMIT_MS ?? 25_000);

test.each<[string, readonly Direction[]]>([
  ['in a black hole', ['up', 'down']],
  ['not heard', ['up']],
  ['deaf', ['down']],
])(
  'watchers of a gateway that is %s are told, and continue where they were',
  {
    timeout: 120_000,
  },
  async (name, hold) => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 1,
    });
    await using link = await openFaultyLink(inject('natsUrl'));
    await using gateway = await spawnGateway({ natsUrl: link.url, namespace: stack.namespace });
    const { hang } = stack.tasksOf(gateway).script;
    const { id } = await stack.tasks.script.hang.start({});
    await recordThat(stack.broker, 'it runs', record => record.id === id && record.status === 'RUNNING');
    const isOpen = Promise.withResolvers<void>();
    const isTold = Promise.withResolvers<number>();
    const follow = async () => {
      const types: string[] = [];
      for await (const { type } of hang.handle(id).events({ onLost: () => isTold.resolve(Date.now()) })) {
        types.push(type);
        isOpen.resolve();
      }
      return types;
    };
    const followed = follow();
    await within('the first event', isOpen.promise, 60_000);
    const beganMs = Date.now();
    link.set({ hold });
    const toldMs = (await within('the watcher is told', isTold.promise, 60_000)) - beganMs;
    // It ends meanwhile: through a gateway that is well.
    await stack.tasks.script.hang.handle(id).cancel();
    link.heal();
    expect((await within('the end of the stream', followed, 60_000)).at(-1)).toBe('canceled');
    process.stdout.write(`gateway ${name}: watchers are told after ${toldMs} ms\n`);
    expect(toldMs).toBeLessThan(limitMs);
  },
);
