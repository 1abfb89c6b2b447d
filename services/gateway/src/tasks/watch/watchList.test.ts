import type { ListChange, TaskSummary } from '@longhaul/proto/wire';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../auth/caller.ts';
import type { ChangeListener } from '../../records/recordIndex.ts';
import { changesLimit, watchList } from './watchList.ts';

const admin: Caller = { owner: 'a', role: 'admin' };
const task = (n: number, more: Partial<TaskSummary> = {}): TaskSummary => ({
  id: `id-${n}`,
  name: 'a.b',
  owner: 'o',
  status: 'RUNNING',
  priority: 'normal',
  createdAt: '2026-11-21T10:00:00.000Z',
  attempt: 1,
  ...more,
});

/** An index that a test changes. */
function fakeIndex() {
  const listeners = new Set<ChangeListener>();
  return {
    listeners,
    tell: (summary: TaskSummary, gone = false) => {
      for (const listener of listeners) listener(summary, gone);
    },
    listen: (listener: ChangeListener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function open(caller: Caller = admin) {
  const index = fakeIndex();
  const left = new AbortController();
  const items = watchList(index, caller, left.signal);
  const next = async (): Promise<ListChange | undefined> => (await items.next()).value?.change;
  expect(await next()).toEqual({ type: 'open' });
  return { index, left, next };
}

describe('the changes of lists', () => {
  it('are collected: each task once, as it is by then', async () => {
    const { index, next } = await open();
    const change = next();
    index.tell(task(1));
    index.tell(task(2));
    index.tell(task(1, { status: 'COMPLETED' }));
    expect(await change).toEqual({
      type: 'changed',
      tasks: [task(1, { status: 'COMPLETED' }), task(2)],
      gone: [],
    });
  });

  it('tell what is no longer kept', async () => {
    const { index, next } = await open();
    index.tell(task(1));
    index.tell(task(1), true);
    expect(await next()).toEqual({ type: 'changed', tasks: [], gone: ['id-1'] });
  });

  it('are no more than a page can take: then it lists again, and continues', async () => {
    const { index, next } = await open();
    for (let n = 0; n <= changesLimit; n += 1) index.tell(task(n));
    index.tell(task(changesLimit + 1));
    expect(await next()).toEqual({ type: 'reload' });
    index.tell(task(7));
    expect(await next()).toEqual({ type: 'changed', tasks: [task(7)], gone: [] });
  });

  it('are those that the caller may see (owner-only)', async () => {
    const { index, next } = await open({ owner: 'anna', role: 'user' });
    index.tell(task(1));
    index.tell(task(2), true);
    index.tell(task(3, { owner: 'anna' }));
    expect(await next()).toEqual({ type: 'changed', tasks: [task(3, { owner: 'anna' })], gone: [] });
  });

  it('leave nothing behind when the watcher leaves (nothing-grows)', async () => {
    const { index, left, next } = await open();
    const waiting = next();
    expect(index.listeners.size).toBe(1);
    left.abort();
    expect(await waiting).toBeUndefined();
    expect(index.listeners.size).toBe(0);
  });
});
