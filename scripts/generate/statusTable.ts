import { isTerminal, type LifecycleType, statuses, transitions } from '@longhaul/proto/wire';
import { code, table } from './markers.ts';

const columnOf: { readonly [E in LifecycleType]: number } = {
  started: 0,
  child: 1,
  retrying: 2,
  released: 3,
  pausing: 4,
  paused: 5,
  resumed: 6,
  stopping: 7,
  completed: 8,
  failed: 9,
  canceled: 10,
};

/** Which status follows which event: the table that decides, as a table. */
export function statusTable(): string {
  const events = (Object.keys(columnOf) as LifecycleType[]).sort((a, b) => columnOf[a] - columnOf[b]);
  return table(
    ['status', ...events.map(code)],
    statuses.map(status => [
      isTerminal(status) ? `${code(status)} (terminal)` : code(status),
      ...events.map(event => {
        const next = transitions[status][event];
        return next === undefined ? 'ignored' : code(next);
      }),
    ]),
  );
}
