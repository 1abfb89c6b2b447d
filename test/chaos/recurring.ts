import { setTimeout as delay } from 'node:timers/promises';
import type { Firing, Schedule } from '@longhaul/proto/wire';
import { shapeOf, untilAnswered } from './calls.ts';
import type { ClientOf } from './taskDriver.ts';
import { type Owner, owners } from './workload.ts';

/** A recurring schedule of a run: it fires each second, and no time is to be lost, however late it is dealt with. */
export type PlannedSchedule = { readonly id: string; readonly owner: Owner };

/** What clients did with a schedule, and were told of it. */
export type ScheduleStory = {
  readonly plan: PlannedSchedule;
  /** Its firings, of each schedule that had this id: the moments of creation tell them apart. */
  readonly firings: Map<string, Map<string, Firing>>;
  /** As it was in the end: paused. */
  last?: Schedule;
  readonly complaints: string[];
};

export const intervalMs = 1_000;
/** Schedules that fire at the same moment, two of each owner. */
export const plannedSchedules: readonly PlannedSchedule[] = ['tick', 'tock'].flatMap(id =>
  owners.map(owner => ({ id, owner })),
);
const againMs = 500;
/** Longer than a gateway takes to write down the end of a task that another one should have written. */
const endsWrittenMs = 10_000;

/**
 * Keeps a schedule going as an application does, which creates it at each of its starts: until the faults are over. Then
 * it waits until the schedule has fired once more, and pauses it when every task is started.
 *
 * @param quiet aborted when no more faults come
 * @param giveUp ends all waiting
 */
export async function driveSchedule(
  plan: PlannedSchedule,
  clientOf: ClientOf,
  quiet: AbortSignal,
  giveUp: AbortSignal,
): Promise<ScheduleStory> {
  const story: ScheduleStory = { plan, firings: new Map(), complaints: [] };
  let turn = 0;
  // One gateway after the other: both have to know the same.
  const client = () => clientOf(plan.owner, turn++ % 2);
  const create = () =>
    untilAnswered(
      () =>
        client().script.echo.schedule({
          id: plan.id,
          every: '1s',
          overlap: 'queue',
          misfire: 'all',
          // So soon that outages make late ones.
          misfireAfterMs: intervalMs,
          input: { text: plan.id },
        }),
      giveUp,
    );
  /** Creates it also where it was deleted with its bucket; answers it as it is where it is there. */
  const look = async (): Promise<Schedule> => {
    await create();
    const read = () => client().$schedules.get(plan.id);
    const schedule = await untilAnswered(read, giveUp).catch((error: unknown) => {
      if (shapeOf(error)?.data.reason === 'SCHEDULE_NOT_FOUND') return look();
      throw error;
    });
    const firings = story.firings.get(schedule.createdAt) ?? new Map<string, Firing>();
    story.firings.set(schedule.createdAt, firings);
    for (const firing of schedule.firings) firings.set(firing.at, firing);
    return schedule;
  };
  try {
    while (!quiet.aborted) {
      await look();
      await delay(againMs, undefined, { signal: giveUp });
    }
    const quietAt = new Date().toISOString();
    for (let last = await look(); (last.firings[0]?.at ?? '') < quietAt; last = await look())
      await delay(againMs, undefined, { signal: giveUp });
    await untilAnswered(() => client().$schedules.pause(plan.id), giveUp);
    for (story.last = await look(); story.last.firings.some(isStarting); story.last = await look())
      await delay(againMs, undefined, { signal: giveUp });
  } catch (error) {
    const { data, message } = shapeOf(error) ?? {};
    story.complaints.push(
      giveUp.aborted
        ? 'it did not come to rest until the end of the run'
        : `${data?.reason ?? error} ${message}`,
    );
  }
  return story;
}

/**
 * Reads the histories once all tasks have ended that will, and waits until the ends are in them, or should have been.
 */
export async function readHistories(stories: readonly ScheduleStory[], clientOf: ClientOf): Promise<void> {
  const { signal } = new AbortController();
  const deadline = Date.now() + endsWrittenMs;
  for (const story of stories) {
    const { plan, last } = story;
    if (!last) continue;
    for (;;) {
      story.last = await untilAnswered(() => clientOf(plan.owner, 0).$schedules.get(plan.id), signal);
      for (const firing of story.last.firings) story.firings.get(last.createdAt)?.set(firing.at, firing);
      if (!story.last.firings.some(({ end }) => end === undefined) || Date.now() > deadline) break;
      await delay(againMs);
    }
  }
}

function isStarting({ outcome }: Firing): boolean {
  return outcome === 'starting';
}
