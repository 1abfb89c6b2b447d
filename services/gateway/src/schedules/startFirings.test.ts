import { createBroker, ensureTopology } from '@longhaul/broker';
import { defineTask } from '@longhaul/proto';
import {
  createTopology,
  errorCatalogue,
  firingsKept,
  GatewayError,
  type GatewayErrorCode,
  type ScheduleRecord,
  type TaskRecord,
} from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { connect } from '@nats-io/transport-node';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { ScheduleStore } from './scheduleStore.ts';
import { type StartDeps, startFirings } from './startFirings.ts';

const taskId = '01890000-0000-8000-8000-000000000000';
const at = new Date(Date.now() - 1_000).toISOString();
const schedule: ScheduleRecord = {
  v: 1,
  id: 'ticker',
  owner: 'ann',
  name: 'demo.tick',
  every: '1s',
  overlap: 'queue',
  misfire: 'all',
  misfireAfterMs: 60_000,
  priority: 'normal',
  paused: false,
  createdAt: at,
  firings: [{ at, decidedAt: at, outcome: 'starting', taskId }],
  counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
};
const definition = defineTask({ input: z.object({}), output: z.object({}) });
const accepted = { id: taskId } as TaskRecord;

/** Runs with what starts firings, in a namespace of its own, in which the schedule is stored. */
async function withDeps<T>(
  stored: ScheduleRecord,
  start: StartDeps['start'],
  run: (deps: StartDeps) => Promise<T>,
): Promise<T> {
  const nc = await connect({ servers: inject('natsUrl') });
  try {
    const broker = await createBroker(nc, createTopology(freshNamespace()));
    await ensureTopology(broker);
    const store = new ScheduleStore(broker);
    await store.put(stored, 0);
    return await run({ broker, store, definitions: new Map([[stored.name, definition]]), start });
  } finally {
    await nc.close();
  }
}

/** Starts the firing twice: the first time the start is refused. @returns what came of it each time */
function refusedOnce(code: GatewayErrorCode) {
  const answers = [() => Promise.reject(new GatewayError(code, 'No.')), () => Promise.resolve(accepted)];
  const start = async () => (await answers.shift()?.()) ?? accepted;
  return withDeps(schedule, start, async deps => {
    const outcomes: (string | undefined)[] = [];
    for (let n = 0; n < 2; n += 1) {
      const { schedule: now = schedule } = await deps.store.read('ann', 'ticker');
      await startFirings(deps, now).catch((error: unknown) =>
        expect(error).toMatchObject({ code, name: 'GatewayError' }),
      );
      outcomes.push((await deps.store.read('ann', 'ticker')).schedule?.firings[0]?.outcome);
    }
    return outcomes;
  });
}

const codes = Object.keys(errorCatalogue) as GatewayErrorCode[];
const ofTheMoment = codes.filter(code => errorCatalogue[code].trpc === 'SERVICE_UNAVAILABLE');

describe('a firing whose start is refused', () => {
  test('there is something to test', () => {
    expect(ofTheMoment).toEqual(
      expect.arrayContaining(['NATS_UNAVAILABLE', 'TOPOLOGY_LOST', 'STORAGE_FULL', 'SHUTTING_DOWN']),
    );
  });

  test.each(ofTheMoment)('is started later, where the refusal ends by itself: %s', async code => {
    expect(await refusedOnce(code)).toEqual(['starting', 'started']);
  });

  test.each(['INVALID_INPUT', 'UNKNOWN_TASK', 'TASK_BUSY', 'PAYLOAD_TOO_LARGE'] as const)(
    'has failed, where it would be refused again: %s',
    async code => {
      expect(await refusedOnce(code)).toEqual(['failed', 'failed']);
    },
  );
});

test('two gateways that start the same backlog count each task once, also beyond what the history keeps', async () => {
  const backlog = firingsKept + 10;
  const firings = Array.from({ length: backlog }, (_, n) => {
    const due = new Date(Date.parse(at) - n * 1_000).toISOString();
    return { at: due, decidedAt: at, outcome: 'starting' as const, taskId };
  });
  const stored = { ...schedule, firings };
  const now = await withDeps(
    stored,
    async () => accepted,
    async deps => {
      // Both have read the record before either of them has written what it started.
      for (let gateway = 0; gateway < 2; gateway += 1) await startFirings(deps, stored);
      return (await deps.store.read('ann', 'ticker')).schedule;
    },
  );
  expect(now?.counts).toEqual({ started: backlog, skipped: 0, missed: 0, failed: 0 });
  expect(now?.firings.map(({ outcome }) => outcome)).toEqual(Array(firingsKept).fill('started'));
});
