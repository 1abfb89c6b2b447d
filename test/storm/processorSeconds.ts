import { readFileSync } from 'node:fs';

/** The ticks of a second in which Linux counts processor time: the same on every machine (`USER_HZ`). */
const ticksPerSecond = 100;

/** The processor time that a process has used since it was started, in seconds; `NaN` where /proc is missing. */
export function processorSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name of the program, which may have spaces: the 14th and 15th of all fields, user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return Number.NaN;
  }
}
