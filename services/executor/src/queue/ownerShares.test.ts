import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mayHaveSlot, nextToBegin, OwnerShares, ownerOfRequest, passedOverDelayMs } from './ownerShares.ts';
import { type Slot, SlotPool } from './slotPool.ts';

describe('one more slot', () => {
  const four = { slots: 4, share: 0.75, isContended: true };
  test.each([
    ['one owner alone has all', { ...four, held: 3, free: 1, isContended: false }, true],
    ['an owner beside others has its share', { ...four, held: 2, free: 2 }, true],
    ['and no more', { ...four, held: 3, free: 1 }, false],
    ['the last slot is for those who hold none', { ...four, held: 1, free: 1 }, false],
    ['and they get it', { ...four, held: 0, free: 1 }, true],
    ['of one slot there is no share', { ...four, slots: 1, held: 0, free: 1 }, true],
    ['a small share is one slot at least', { ...four, share: 0.01, held: 0, free: 4 }, true],
    ['and at most', { ...four, share: 0.01, held: 1, free: 3 }, false],
    ['a share of 1 is none', { ...four, share: 1, held: 3, free: 1 }, true],
  ])('%s', (_what, question, may) => {
    expect(mayHaveSlot(question)).toBe(may);
  });
});

describe('somebody else', () => {
  test.each([
    ['nobody', [], 'a', false],
    ['the owner alone', ['a', 'a'], 'a', false],
    ['another', ['a', 'b'], 'a', true],
    ['another, before', ['b', 'a', 'a'], 'a', true],
    ['two others', ['a', 'b', 'c'], 'a', true],
    ['seen by the other', ['a', 'b', 'a'], 'b', true],
  ] as const)('%s', (_what, seen, owner, isContended) => {
    const shares = new OwnerShares();
    seen.forEach((one, n) => {
      shares.seen(one, n);
    });
    expect(shares.isContended(owner, 10)).toBe(isContended);
    expect(shares.isContended(owner, 2 * 60 * 60_000)).toBe(false);
  });
});

describe('the next to begin', () => {
  const turn = (held: number, lastBegan: number) => ({ held, lastBegan });
  test.each([
    ['one alone', [turn(3, 9)], 0],
    ['of one owner, the first', [turn(3, 9), turn(3, 9), turn(3, 9)], 0],
    ['who holds fewer', [turn(3, 9), turn(3, 9), turn(0, 10)], 2],
    ['of those who hold as few, whose turn was longer ago', [turn(0, 9), turn(0, 4), turn(0, 7)], 1],
    ['one who was never there', [turn(0, 9), turn(0, 0), turn(0, 0)], 1],
  ])('is %s', (_what, candidates, index) => {
    expect(nextToBegin(candidates)).toBe(index);
  });

  test('of owners whose turns come one after the other, everyone in a round', () => {
    const owners = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(owners, waiting => {
        const shares = new OwnerShares();
        const pool = new SlotPool(1);
        const queue = [...waiting];
        const began: string[] = [];
        while (queue.length > 0) {
          const [owner = ''] = queue.splice(nextToBegin(queue.map(one => shares.candidate(one))), 1);
          const slot = pool.acquire('t') as Slot;
          shares.acquired(owner, slot);
          slot.release();
          shares.released(owner, slot);
          began.push(owner);
        }
        // Until one owner's tasks are all begun, nobody is two turns ahead of it.
        for (const owner of new Set(waiting))
          for (const other of new Set(waiting)) {
            const until = began.slice(0, began.lastIndexOf(owner));
            const turns = (who: string) => until.filter(one => one === who).length;
            expect(turns(other) - turns(owner)).toBeLessThanOrEqual(1);
          }
      }),
    );
  });
});

test('looks ahead are four at once, then one a second, for each task type', () => {
  const shares = new OwnerShares();
  const looks = (task: string, nowMs: number) =>
    Array.from({ length: 10 }, () => shares.tryToLookAhead(task, nowMs)).filter(Boolean).length;
  expect([looks('t', 5_000), looks('other', 5_000)]).toEqual([4, 4]);
  expect([looks('t', 5_999), looks('t', 6_000), looks('t', 8_500), looks('t', 60_000)]).toEqual([0, 1, 2, 4]);
});

test('what is passed over comes back one at a time, however much it is', () => {
  const delays = Array.from({ length: 40 }, (_, n) => passedOverDelayMs(n));
  expect(delays.slice(0, 3)).toEqual([250, 500, 750]);
  expect(passedOverDelayMs(1_000)).toBe(30_000);
  const shares = new OwnerShares();
  for (let n = 0; n < 256; n += 1) shares.passOver('t', 0);
  expect([shares.mayLookFurther('t', 1), shares.mayLookFurther('other', 1)]).toEqual([false, true]);
  expect(shares.mayLookFurther('t', 31_000)).toBe(true);
});

test('a slot that is lent is not held by its owner', async () => {
  const pool = new SlotPool(2);
  const shares = new OwnerShares();
  const slot = pool.acquire('t') as Slot;
  shares.acquired('a', slot);
  const end = Promise.withResolvers<void>();
  const back = slot.lendWhile(undefined, new AbortController().signal, () => end.promise);
  expect(shares.held('a')).toBe(0);
  end.resolve();
  await back;
  expect(shares.held('a')).toBe(1);
  slot.release();
  shares.released('a', slot);
  expect(shares.held('a')).toBe(0);
});

test.each([
  ['as gateways write it', '{"v":1,"owner":"ann","createdAt":"x","input":{"owner":"eve"}}', 'ann'],
  ['in another order', '{"input":{"owner":"eve"},"owner":"ann","v":1}', 'ann'],
  ['with escapes', '{"v":1,"owner":"a\\"b"}', 'a"b'],
  ['with a long owner', `{"v":1,"owner":"${'é'.repeat(200)}"}`, 'é'.repeat(200)],
  ['not JSON', '{"v":1,"own', undefined],
  ['without one', '{"v":1}', undefined],
  ['no object', 'null', undefined],
])('the owner of a request is read %s', (_what, json, owner) => {
  expect(ownerOfRequest(new TextEncoder().encode(json))).toBe(owner);
});

type Task = { readonly owner: string; readonly arrivesMs: number; readonly forMs: number };
type Run = Task & { readonly beganMs: number; readonly heldBefore: number; readonly isContended: boolean };
const stepMs = 50;

/** An executor and its queue, in steps: what is passed over comes back after its delay, in the order of the queue. */
function simulate(tasks: readonly Task[], slots: number, share: number): { runs: Run[]; leastBusy: number } {
  const shares = new OwnerShares();
  const pool = new SlotPool(slots);
  const queue = [...tasks]
    .sort((a, b) => a.arrivesMs - b.arrivesMs)
    .map(task => ({ task, readyMs: task.arrivesMs }));
  const running: { readonly owner: string; readonly slot: Slot; readonly endsMs: number }[] = [];
  const runs: Run[] = [];
  let leastBusy = slots;
  for (let nowMs = 0; queue.length > 0 && nowMs < 10_000_000; nowMs += stepMs) {
    for (const one of running.filter(({ endsMs }) => endsMs <= nowMs)) {
      running.splice(running.indexOf(one), 1);
      one.slot.release();
      shares.released(one.owner, one.slot);
    }
    for (let looked = 0; looked < 16 && pool.free > 0; looked += 1) {
      const index = queue.findIndex(({ readyMs }) => readyMs <= nowMs);
      const next = queue[index];
      if (!next) break;
      const { owner, forMs } = next.task;
      shares.seen(owner, nowMs);
      const isContended = shares.isContended(owner, nowMs);
      const held = shares.held(owner);
      if (!mayHaveSlot({ slots, free: pool.free, held, isContended, share })) {
        next.readyMs = nowMs + shares.passOver('t', nowMs);
        continue;
      }
      queue.splice(index, 1);
      const slot = pool.acquire('t') as Slot;
      shares.acquired(owner, slot);
      running.push({ owner, slot, endsMs: nowMs + forMs });
      runs.push({ ...next.task, beganMs: nowMs, heldBefore: held, isContended });
    }
    if (queue.filter(({ task }) => task.arrivesMs <= nowMs).length > 0)
      leastBusy = Math.min(leastBusy, running.length);
  }
  return { runs, leastBusy };
}

const loads = (owners: readonly string[]) =>
  fc.array(
    fc.record({
      owner: fc.constantFrom(...owners),
      arrivesMs: fc.integer({ min: 0, max: 5_000 }),
      forMs: fc.integer({ min: 1, max: 20_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  );

describe('whatever arrives', () => {
  test('no owner waits for ever, and a share is never exceeded when others are there', () => {
    const shares = fc.constantFrom(0.01, 0.5, 0.75, 0.9, 1);
    fc.assert(
      fc.property(loads(['a', 'b', 'c']), fc.integer({ min: 1, max: 8 }), shares, (tasks, slots, share) => {
        const { runs } = simulate(tasks, slots, share);
        expect(runs).toHaveLength(tasks.length);
        const most = share === 1 ? slots : Math.max(1, Math.floor(slots * share));
        for (const { isContended, heldBefore } of runs)
          if (isContended) expect(heldBefore).toBeLessThan(most);
      }),
    );
  });

  test('a single owner uses every slot, with nothing passed over', () => {
    fc.assert(
      fc.property(loads(['a']), fc.integer({ min: 1, max: 8 }), (tasks, slots) => {
        expect(simulate(tasks, slots, 0.75).leastBusy).toBe(slots);
      }),
    );
  });

  test('the second owner’s short task waits for nobody’s long ones, behind a backlog of 200, once it is known', () => {
    const long = (n: number): Task => ({ owner: 'a', arrivesMs: 100 + n, forMs: 30_000 });
    const known: Task = { owner: 'b', arrivesMs: 0, forMs: 1 };
    const short: Task = { owner: 'b', arrivesMs: 5_000, forMs: 1 };
    const { runs } = simulate([known, ...Array.from({ length: 200 }, (_, n) => long(n)), short], 4, 0.75);
    const run = runs.find(({ owner, arrivesMs }) => owner === 'b' && arrivesMs === 5_000);
    expect((run?.beganMs ?? Number.POSITIVE_INFINITY) - 5_000).toBeLessThan(10_000);
  });
});
