import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTerminalEvent } from '@longhaul/proto/wire';
import { eventThat, startStack, within } from '@longhaul/testing';
import {
  type FaultyLink,
  type LinkFault,
  openFaultyLink,
  readHandlerLog,
  type SpawnedService,
  scriptedContract,
  scriptedHandlers,
  spawnExecutor,
} from '@longhaul/testkit';
import { describe, expect, inject, test } from 'vitest';

/** What `npm run test:partition` demands; a machine that runs other tests beside this one gets more. */
const limitMs = Number(process.env.LONGHAUL_PARTITION_LIMIT_MS ?? 25_000);

type Fault = {
  readonly begin: (executor: SpawnedService, link: FaultyLink) => Promise<void> | void;
  /** `undefined`: the executor does not come back. */
  readonly end?: (executor: SpawnedService, link: FaultyLink) => void;
};
const ofLink = (fault: LinkFault): Fault => ({
  begin: (_executor, link) => link.set(fault),
  end: (_executor, link) => link.heal(),
});
/** Each takes the executor away that has the tasks. */
const faults: readonly [string, Fault][] = [
  ['killed', { begin: executor => executor.kill() }],
  [
    'frozen',
    {
      begin: executor => void executor.signal('SIGSTOP'),
      end: executor => void executor.signal('SIGCONT'),
    },
  ],
  ['in a black hole', ofLink({ hold: ['up', 'down'] })],
  ['not heard', ofLink({ hold: ['up'] })],
  ['deaf', ofLink({ hold: ['down'] })],
  ['reset again and again', ofLink({ reset: true })],
];

describe('crash-recovers-fast, ends-once, cancel-means-stop: an executor is', () => {
  test.each(faults)('%s', { timeout: 120_000 }, async (name, fault) => {
    const folder = await mkdtemp(join(tmpdir(), 'longhaul-partition-'));
    try {
      await using stack = await startStack({
        natsUrl: inject('natsUrl'),
        contract: scriptedContract,
        handlers: scriptedHandlers,
        executors: 0,
      });
      await using link = await openFaultyLink(inject('natsUrl'));
      const { namespace } = stack;
      const handlerLog = join(folder, 'handlers');
      const { script } = stack.tasks;
      await using first = await spawnExecutor({ natsUrl: link.url, namespace, handlerLog, concurrency: 20 });
      const startedOn = (id: string, attempt: number) =>
        eventThat(
          stack.broker,
          `attempt ${attempt} of ${id}`,
          stored => stored.id === id && stored.event.type === 'started' && stored.event.attempt === attempt,
        );
      const held = await Promise.all(Array.from({ length: 4 }, () => script.hang.start({})));
      await within('the first attempts', Promise.all(held.map(({ id }) => startedOn(id, 1))), 60_000);
      await using second = await spawnExecutor({ natsUrl: inject('natsUrl'), namespace, concurrency: 20 });

      const takenOver = Promise.all(
        held.map(async ({ id }) => {
          const { event } = await startedOn(id, 2);
          return { atMs: Date.now(), executor: event.type === 'started' ? event.executor : '' };
        }),
      );
      const faultAtMs = Date.now();
      await fault.begin(first, link);
      // New tasks, some of which the lost executor's pulls take.
      const stalls = Array.from({ length: 10 }, async (_, n) => {
        const startedMs = Date.now();
        expect(await script.echo.run({ text: `${n}` })).toMatchObject({ output: { text: `${n}` } });
        return Date.now() - startedMs;
      });
      const takeOvers = await within('each take-over', takenOver, 60_000);
      const stallMs = Math.max(...(await within('each new task', Promise.all(stalls), 60_000)));
      const takeOverMs = Math.max(...takeOvers.map(({ atMs }) => atMs - faultAtMs));
      expect(takeOvers.map(({ executor }) => executor)).toEqual(held.map(() => second.id));

      // A handler that nobody can reach ends by itself, while its executor is cut off still.
      let besideMs = 0;
      const endsOfHeld = () =>
        readHandlerLog(handlerLog).filter(({ what, name: type }) => what === 'end' && type === 'script.hang');
      if (name !== 'killed' && name !== 'frozen') {
        await expect.poll(() => endsOfHeld().length, { timeout: 60_000, interval: 20 }).toBe(held.length);
        const lastEndMs = Math.max(...endsOfHeld().map(({ atMs }) => atMs));
        besideMs = Math.max(0, lastEndMs - Math.min(...takeOvers.map(({ atMs }) => atMs)));
      }
      fault.end?.(first, link);
      if (fault.end)
        await expect.poll(() => endsOfHeld().length, { timeout: 60_000, interval: 20 }).toBe(held.length);

      // What the lost executor had to say was refused: all are still where they were taken to.
      for (const task of held) await task.cancel();
      const ended = await within('each end', Promise.all(held.map(task => task.outcome())), 60_000);
      expect(ended.map(({ status }) => status)).toEqual(held.map(() => 'CANCELED'));
      const ends = (await stack.events()).filter(({ event }) => isTerminalEvent(event));
      expect(ends).toHaveLength(held.length + stalls.length);
      expect(new Set(ends.map(({ id }) => id)).size).toBe(ends.length);
      process.stdout.write(
        `${name}: lost 0, doubled 0, take-over ${takeOverMs} ms, longest new task ${stallMs} ms, handler beside its successor ${besideMs} ms\n`,
      );
      expect(takeOverMs).toBeLessThan(limitMs);
      expect(stallMs).toBeLessThan(limitMs);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
