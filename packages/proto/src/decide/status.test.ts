import { describe, expect, test } from 'vitest';
import type { LifecycleType } from '../wire/status.ts';
import { statuses, type TaskStatus } from '../wire/status.ts';
import { isTerminal, nextStatus, statusAsOf, transitions } from './status.ts';

const events: readonly LifecycleType[] = [
  'started',
  'child',
  'retrying',
  'released',
  'pausing',
  'paused',
  'resumed',
  'stopping',
  'completed',
  'failed',
  'canceled',
];

/** In the order of `events`; `-`: no transition. */
const table: { readonly [S in TaskStatus]: string } = {
  SCHEDULED: 'RUNNING - RETRYING - - - - STOPPING COMPLETED FAILED CANCELED',
  PENDING: 'RUNNING - RETRYING - - - PENDING STOPPING COMPLETED FAILED CANCELED',
  RUNNING: 'RUNNING RUNNING RETRYING PENDING RUNNING PAUSED RUNNING STOPPING COMPLETED FAILED CANCELED',
  PAUSED: 'RUNNING PAUSED RETRYING PENDING PAUSED - RUNNING STOPPING COMPLETED FAILED CANCELED',
  RETRYING: 'RUNNING - RETRYING - - - RETRYING STOPPING COMPLETED FAILED CANCELED',
  STOPPING: '- - - - - - - - COMPLETED FAILED CANCELED',
  COMPLETED: '- - - - - - - - - - -',
  FAILED: '- - - - - - - - - - -',
  CANCELED: '- - - - - - - - - - -',
};

describe.each(statuses)('%s', status => {
  test.each(events.map((event, i) => [event, table[status].split(' ')[i]] as const))(
    '%s → %s',
    (event, to) => {
      expect(nextStatus(status, event) ?? '-').toBe(to);
    },
  );
});

test('a status is terminal exactly when nothing follows it', () => {
  for (const status of statuses) {
    expect(isTerminal(status)).toBe(Object.keys(transitions[status]).length === 0);
  }
});

test.each<[TaskStatus, string | undefined, TaskStatus]>([
  ['SCHEDULED', '2026-01-01T00:00:01.000Z', 'SCHEDULED'],
  ['SCHEDULED', '2026-01-01T00:00:00.000Z', 'PENDING'],
  ['SCHEDULED', '2025-12-31T23:59:59.000Z', 'PENDING'],
  ['SCHEDULED', undefined, 'SCHEDULED'],
  ['RUNNING', '2025-12-31T23:59:59.000Z', 'RUNNING'],
  ['CANCELED', '2025-12-31T23:59:59.000Z', 'CANCELED'],
])('at midnight a %s task that is due at %s shows as %s', (status, scheduledFor, shown) => {
  expect(statusAsOf(status, scheduledFor, Date.parse('2026-01-01T00:00:00Z'))).toBe(shown);
});
