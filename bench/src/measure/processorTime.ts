import { readFile } from 'node:fs/promises';

/** The kernel counts processor time in hundredths of a second (`USER_HZ`), whatever its own tick is. */
const usPerTick = 10_000;

/**
 * The processor time that a process has used, in microseconds. Unlike throughput it hardly depends on what else the
 * machine does. `undefined` where there is no `/proc` to read it from.
 */
export async function processorTimeUs(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The program's name, in brackets, may hold spaces: what is counted stands behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields?.[11]) + Number(fields?.[12]);
  return Number.isFinite(ticks) ? ticks * usPerTick : undefined;
}
