import type { TaskSummary } from '@longhaul/proto/wire';
import { expect, test } from 'vitest';
import { changedRows } from './changedRows.ts';

const task = (n: number, status: TaskSummary['status'] = 'RUNNING'): TaskSummary => ({
  id: `id-${n}`,
  name: 'a.b',
  owner: 'o',
  status,
  priority: 'normal',
  createdAt: new Date(n * 1_000).toISOString(),
  attempt: 1,
});
const rows = [5, 3, 1].map(n => task(n));
const any = { fits: () => true, complete: true };
const running = { fits: ({ status }: TaskSummary) => status === 'RUNNING', complete: true };
const numbers = (list: readonly TaskSummary[]) => list.map(({ id }) => Number(id.slice(3)));
const changed = (tasks: TaskSummary[], gone: string[] = []) => ({ type: 'changed' as const, tasks, gone });

test('a row takes its new state, where it stands', () => {
  const after = changedRows(rows, changed([task(3, 'FAILED')]), any);
  expect(numbers(after)).toEqual([5, 3, 1]);
  expect(after[1]?.status).toBe('FAILED');
});

test('new tasks find their places', () => {
  expect(numbers(changedRows(rows, changed([task(4), task(6), task(2), task(0)]), any))).toEqual([
    6, 5, 4, 3, 2, 1, 0,
  ]);
});

test('what is older than the last row comes with its page', () => {
  expect(numbers(changedRows(rows, changed([task(0), task(2)]), { ...any, complete: false }))).toEqual([
    5, 3, 2, 1,
  ]);
});

test('what fits no longer goes, and what never did does not come', () => {
  expect(numbers(changedRows(rows, changed([task(3, 'FAILED'), task(4, 'FAILED')]), running))).toEqual([
    5, 1,
  ]);
});

test('what is no longer kept goes', () => {
  expect(numbers(changedRows(rows, changed([], ['id-5', 'id-9']), any))).toEqual([3, 1]);
});

test('a list that nothing of the change touches is the same list', () => {
  expect(changedRows(rows, changed([task(9, 'FAILED')], ['id-8']), running)).toBe(rows);
});
