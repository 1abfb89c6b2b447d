import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

/** Called at every start of your program: the same id with the same settings is the same schedule. */
export async function scheduleNightly(url: string, files: string[]) {
  const { images } = createClient<typeof contract>({ url });
  return images.resize.schedule({
    id: 'nightly-resize',
    cron: '30 2 * * MON-FRI',
    timeZone: 'Europe/Berlin',
    // While last night's task still runs, this night's firing starts none.
    overlap: 'skip',
    // After a night without any gateway, it starts once they are back.
    misfire: 'one',
    priority: 'low',
    input: { files, width: 200 },
  });
}

/** What came of the latest firing, in words. */
export async function lastNight(url: string) {
  const { images, $schedules } = createClient<typeof contract>({ url });
  const { last, next } = await $schedules.get('nightly-resize');
  if (!last) return 'has not fired yet';
  if (last.outcome !== 'started' || last.taskId === undefined)
    return `${last.outcome}: ${last.error?.message ?? 'the task before was still running'}`;
  const { resized } = await images.resize.handle(last.taskId).result();
  return `resized ${resized.length} images; next at ${next}`;
}

/** The next five nights, and the latest ones with how their tasks ended. */
export async function nights(url: string) {
  const { $schedules } = createClient<typeof contract>({ url });
  const { nextTimes, firings } = await $schedules.get('nightly-resize');
  return { nextTimes, ends: firings.map(({ at, end }) => `${at} ${end?.status ?? 'not ended yet'}`) };
}

/** Changes what it names and nothing else: no night is lost, and none comes twice. */
export async function fromNowOnAtFour(url: string) {
  const { $schedules } = createClient<typeof contract>({ url });
  return $schedules.update('nightly-resize', { cron: '0 4 * * MON-FRI' });
}

/** Starts its task now, beside its times. */
export async function runNow(url: string) {
  const { images, $schedules } = createClient<typeof contract>({ url });
  const { taskId } = await $schedules.run('nightly-resize');
  return images.resize.handle(taskId).result();
}

export async function holiday(url: string, away: boolean) {
  const { $schedules } = createClient<typeof contract>({ url });
  return away ? $schedules.pause('nightly-resize') : $schedules.resume('nightly-resize');
}
