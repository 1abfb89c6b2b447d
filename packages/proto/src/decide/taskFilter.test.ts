import { expect, test } from 'vitest';
import type { TaskSummary } from '../api/taskViews.ts';
import { fitsFilter, type TaskFilter } from './taskFilter.ts';

const task: TaskSummary = {
  id: '01a1fd49-a6e6-75db-8a3e-999453c1b945',
  name: 'document.analyze',
  owner: 'Anna',
  status: 'FAILED',
  priority: 'normal',
  createdAt: '2026-11-21T10:00:00.000Z',
  attempt: 1,
  errorCode: 'NOT_FOUND',
};

test.each<[TaskFilter, boolean]>([
  [{}, true],
  [{ status: ['FAILED', 'CANCELED'] }, true],
  [{ status: ['RUNNING'] }, false],
  [{ name: 'document.analyze' }, true],
  [{ name: 'document' }, false],
  [{ owner: 'Anna' }, true],
  [{ owner: 'anna' }, false],
  [{ since: '2026-11-21T10:00:00.000Z' }, true],
  [{ until: '2026-11-21T10:00:00.000Z' }, false],
  [{ text: 'ANALYZE' }, true],
  [{ text: '999453' }, true],
  [{ text: 'not_found' }, true],
  [{ text: 'anna' }, true],
  [{ text: 'audio' }, false],
  [{ text: 'anna', status: ['RUNNING'] }, false],
])('%j: %s', (filter, fits) => {
  expect(fitsFilter(task, filter)).toBe(fits);
});
