import { expect, test } from 'vitest';
import { afterEvent, type FollowedTask } from './followedTask.ts';

const task: FollowedTask = { id: 'a', name: 'n', status: 'PENDING', attempt: 0, seq: 0 };
const at = '2026-11-28T09:00:00.000Z';
const base = { at, owner: 'local', attempt: 1 };

test.each([
  { from: 'PENDING', event: { ...base, type: 'progress', ordinal: 1, progress: 5 }, to: 'RUNNING' },
  {
    from: 'RETRYING',
    event: { ...base, type: 'log', ordinal: 1, level: 'info', message: 'm' },
    to: 'RUNNING',
  },
  { from: 'PAUSED', event: { ...base, type: 'progress', ordinal: 1, progress: 5 }, to: 'PAUSED' },
  { from: 'STOPPING', event: { ...base, type: 'progress', ordinal: 1, progress: 5 }, to: 'STOPPING' },
  { from: 'PENDING', event: { ...base, type: 'started', executor: 'e' }, to: 'RUNNING' },
  { from: 'RUNNING', event: { ...base, type: 'released', executor: 'e' }, to: 'PENDING' },
  { from: 'RUNNING', event: { at, owner: 'local', type: 'stopping' }, to: 'STOPPING' },
  { from: 'PENDING', event: { ...base, type: 'completed', executor: 'e' }, to: 'COMPLETED' },
  { from: 'COMPLETED', event: { ...base, type: 'started', executor: 'e' }, to: 'COMPLETED' },
] as const)('$from, then $event.type: $to', ({ from, event, to }) => {
  expect(afterEvent({ ...task, status: from }, event).status).toBe(to);
});
