import { type Broker, replayEvents } from '@longhaul/broker';
import { within } from '@longhaul/testing';
import type { System } from '../system.ts';
import type { ClientOf } from '../taskDriver.ts';
import type { Violation } from './violation.ts';

/** Within this time a killed executor's tasks run again elsewhere. */
const recoveryMs = 5_000;
const tasks = 30;

/**
 * Kills an executor of the system that has been through it all, with nothing else running, and measures.
 * @returns how long the slowest task took to run again, and what was wrong
 */
export async function crashRecovers(
  system: System,
  broker: Broker,
  clientOf: ClientOf,
): Promise<{ readonly slowestMs: number; readonly violations: Violation[] }> {
  const violations: Violation[] = [];
  const client = clientOf('alice', 0);
  const handles = await Promise.all(Array.from({ length: tasks }, () => client.script.hang.start({})));
  const startedOf = async (id: string, attempt: number) =>
    within(`attempt ${attempt} of ${id}`, started(broker, id, attempt), 4 * recoveryMs);
  const firsts = await Promise.all(handles.map(({ id }) => startedOf(id, 1)));
  const victim = 'executor-1';
  const { id: victimId } = system.running(victim).life;
  const orphans = firsts.filter(({ executor }) => executor === victimId);
  if (orphans.length === 0)
    violations.push({ invariant: 'limits-hold', what: `none of ${tasks} tasks went to ${victimId}` });
  await system.end(victim, 'kill');
  const killedAtMs = Date.now();
  let slowestMs = 0;
  for (const { id } of orphans) {
    const again = await startedOf(id, 2).catch((error: unknown) => {
      violations.push({ invariant: 'crash-recovers-fast', taskId: id, what: String(error) });
    });
    if (!again) continue;
    const tookMs = again.atMs - killedAtMs;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > recoveryMs)
      violations.push({ invariant: 'crash-recovers-fast', taskId: id, what: `ran again after ${tookMs} ms` });
  }
  await system.spawn(victim);
  await Promise.all(handles.map(task => task.cancel('probe')));
  await within('the ends of the probe', Promise.all(handles.map(task => task.outcome())));
  return { slowestMs, violations };
}

async function started(
  broker: Broker,
  id: string,
  attempt: number,
): Promise<{ id: string; executor: string; atMs: number }> {
  const { subjects } = broker.topology;
  // Listen first, so that no event passes between the reading and the waiting.
  const live = broker.nc.subscribe(subjects.liveOf(id));
  try {
    for (;;) {
      for await (const { event } of replayEvents(broker, subjects.eventsOf(id), 1)) {
        if (event.type === 'started' && event.attempt === attempt)
          return { id, executor: event.executor, atMs: Date.parse(event.at) };
      }
      await live[Symbol.asyncIterator]().next();
    }
  } finally {
    live.unsubscribe();
  }
}
