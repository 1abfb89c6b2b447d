import type { Broker } from '@longhaul/broker';
import { GatewayError, listRequestSchema, recordOfRequest, type TaskSummary } from '@longhaul/proto/wire';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../../auth/caller.ts';
import { RecordIndex } from '../../records/recordIndex.ts';
import { listTasks, scanLimit } from './listTasks.ts';

const alice: Caller = { owner: 'alice', role: 'user' };
const operator: Caller = { owner: 'root', role: 'operator' };
const nowMs = Date.parse('2026-01-02T00:00:00.000Z');

const task = (n: number, more: Partial<TaskSummary> = {}): TaskSummary => ({
  id: `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  name: 'demo.count',
  owner: 'alice',
  status: 'PENDING',
  priority: 'normal',
  createdAt: new Date(Date.parse('2026-01-01T00:00:00.000Z') + n * 500).toISOString(),
  attempt: 0,
  ...more,
});

/** An index as the gateway's: newest first, of an owner or of all, from just behind a key. */
function indexOf(tasks: readonly TaskSummary[]) {
  const entries = tasks
    .map(summary => ({ key: `${summary.createdAt}|${summary.id}`, summary }))
    .sort((a, b) => (a.key < b.key ? 1 : -1));
  let scanned = 0;
  const index = {
    *newestFirst(behind?: string, owner?: string) {
      for (const entry of entries) {
        if (owner !== undefined && entry.summary.owner !== owner) continue;
        if (behind !== undefined && entry.key >= behind) continue;
        scanned += 1;
        yield entry;
      }
    },
  };
  return { index: index as unknown as RecordIndex, scanned: () => scanned };
}
/** The gateway's own index, of records that have not reached the bucket yet. */
function realIndexOf(tasks: readonly TaskSummary[]): RecordIndex {
  const index = new RecordIndex({} as Broker, pino({ level: 'silent' }));
  for (const { id, owner, name, createdAt } of tasks)
    index.anticipate(recordOfRequest(id, name, { v: 1, owner, createdAt, priority: 'normal', input: {} }));
  return index;
}
const list = (tasks: readonly TaskSummary[], query: object = {}, caller = alice) =>
  listTasks(indexOf(tasks).index, caller, listRequestSchema.parse(query), nowMs);
const numbers = (tasks: readonly TaskSummary[]) => tasks.map(({ id }) => Number(id.slice(-12)));
const upTo = (count: number) => Array.from({ length: count }, (_, n) => task(n));

test('newest first', () => {
  expect(numbers(list(upTo(3)).tasks)).toEqual([2, 1, 0]);
});

describe('pages', () => {
  test('all pages together are the whole list, each task once', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 15 }), (count, limit) => {
        const { index } = indexOf(upTo(count));
        const seen: number[] = [];
        for (let cursor: string | undefined, pages = 0; ; pages += 1) {
          expect(pages).toBeLessThanOrEqual(count + 1);
          const query = listRequestSchema.parse({ limit, ...(cursor === undefined ? {} : { cursor }) });
          const page = listTasks(index, alice, query, nowMs);
          seen.push(...numbers(page.tasks));
          expect(page.tasks.length).toBeLessThanOrEqual(limit);
          if (page.nextCursor === undefined) break;
          cursor = page.nextCursor;
        }
        expect(seen).toEqual(numbers(upTo(count)).reverse());
      }),
    );
  });

  test('a page that is not full and not cut off has no cursor', () => {
    expect(list(upTo(3)).nextCursor).toBeUndefined();
  });

  test('a rare filter over very many tasks ends with a cursor, and continues there', () => {
    const { index, scanned } = indexOf([task(0, { name: 'rare' }), ...upTo(scanLimit + 10).slice(1)]);
    const query = listRequestSchema.parse({ name: 'rare' });
    const first = listTasks(index, alice, query, nowMs);
    expect(first.tasks).toEqual([]);
    expect(scanned()).toBe(scanLimit);
    const second = listTasks(index, alice, { ...query, cursor: first.nextCursor }, nowMs);
    expect(numbers(second.tasks)).toEqual([0]);
    expect(second.nextCursor).toBeUndefined();
  });

  test.each(['', 'x', 'AAAA', '../..', Buffer.from('2026|x').toString('base64url')])(
    '"%s" is no cursor',
    cursor => {
      expect(() => list(upTo(1), { cursor })).toThrow(GatewayError);
      expect(() => list(upTo(1), { cursor })).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
    },
  );
});

describe('filters', () => {
  const tasks = [
    task(0, { status: 'COMPLETED' }),
    task(1, { name: 'other' }),
    task(2, { status: 'FAILED', name: 'other' }),
    task(3),
  ];

  test.each<[object, number[]]>([
    [{}, [3, 2, 1, 0]],
    [{ status: ['PENDING'] }, [3, 1]],
    [{ status: ['COMPLETED', 'FAILED'] }, [2, 0]],
    [{ status: [] }, []],
    [{ name: 'other' }, [2, 1]],
    [{ name: 'other', status: ['FAILED'] }, [2]],
    [{ owner: 'alice' }, [3, 2, 1, 0]],
    [{ owner: 'bob' }, []],
    // Tasks come each half second: 0 and 1 in the first one.
    [{ since: '2026-01-01T00:00:00.500Z' }, [3, 2, 1]],
    [{ since: '2026-01-01T00:00:00Z' }, [3, 2, 1, 0]],
    [{ since: '2026-01-01T00:00:01Z' }, [3, 2]],
    [{ since: '2026-01-01T00:00:00.5Z' }, [3, 2, 1]],
    [{ until: '2026-01-01T00:00:01.000Z' }, [1, 0]],
    [{ until: '2026-01-01T00:00:01Z' }, [1, 0]],
    [{ until: '2026-01-01T00:00:01.0000Z' }, [1, 0]],
    [{ since: '2026-01-01T00:00:00.5Z', until: '2026-01-01T00:00:01.500Z' }, [2, 1]],
  ])('%j', (query, expected) => {
    expect(numbers(list(tasks, query).tasks)).toEqual(expected);
  });

  test('a scheduled task that is due counts as waiting, and shows so', () => {
    const scheduled = task(0, { status: 'SCHEDULED', scheduledFor: '2026-01-01T12:00:00.000Z' });
    expect(list([scheduled], { status: ['SCHEDULED'] }).tasks).toEqual([]);
    expect(list([scheduled], { status: ['PENDING'] }).tasks).toMatchObject([{ status: 'PENDING' }]);
  });

  test('what is too old is not even looked at', () => {
    const { index, scanned } = indexOf(upTo(100));
    const query = listRequestSchema.parse({ since: task(98).createdAt });
    expect(numbers(listTasks(index, alice, query, nowMs).tasks)).toEqual([99, 98]);
    expect(scanned()).toBe(3);
  });
});

describe('invariant 8, owner-only', () => {
  const tasks = [task(0), task(1, { owner: 'bob' }), task(2)];

  test('a user sees own tasks alone, whatever is asked for', () => {
    expect(numbers(list(tasks).tasks)).toEqual([2, 0]);
    expect(list(tasks, { owner: 'bob' }).tasks).toEqual([]);
  });

  test("others' tasks change nothing in what a user is answered, cursors included", () => {
    // One owner among many more tasks of others' than one call looks at: a cursor that named the last entry looked at
    // would give away its id and time.
    const own = [task(0), task(scanLimit + 50)];
    const others = Array.from({ length: scanLimit + 10 }, (_, n) => task(n + 1, { owner: 'bob' }));
    const pagesOf = (index: RecordIndex) => {
      const pages = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const query = listRequestSchema.parse({ limit: 1, ...(cursor === undefined ? {} : { cursor }) });
        const page = listTasks(index, alice, query, nowMs);
        pages.push(page);
        cursor = page.nextCursor;
      }
      return pages;
    };
    const alone = pagesOf(realIndexOf(own));
    expect(alone.flatMap(({ tasks }) => numbers(tasks))).toEqual([scanLimit + 50, 0]);
    expect(pagesOf(realIndexOf([...own, ...others]))).toEqual(alone);
  });

  test('an operator sees all, and may choose', () => {
    expect(numbers(list(tasks, {}, operator).tasks)).toEqual([2, 1, 0]);
    expect(numbers(list(tasks, { owner: 'bob' }, operator).tasks)).toEqual([1]);
  });
});
