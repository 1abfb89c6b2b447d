import { expect, test } from 'vitest';
import { ByteBudget } from './byteBudget.ts';

/** Work that ends when it is told to. */
function job(budget: ByteBudget, bytes: number, name: string, begun: string[]) {
  const end = Promise.withResolvers<string>();
  const done = budget.spend(bytes, () => {
    begun.push(name);
    return end.promise;
  });
  return { done, end: () => end.resolve(name), fail: () => end.reject(new Error(name)) };
}

test('what fits begins at once, the rest waits its turn, in order', async () => {
  const budget = new ByteBudget(100);
  const begun: string[] = [];
  const a = job(budget, 60, 'a', begun);
  const b = job(budget, 40, 'b', begun);
  const c = job(budget, 50, 'c', begun);
  // It would fit beside b, but c was first.
  const d = job(budget, 10, 'd', begun);
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b']);
  b.end();
  expect(await b.done).toBe('b');
  expect(begun).toEqual(['a', 'b']);
  a.end();
  await a.done;
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  c.end();
  d.end();
  expect(await Promise.all([c.done, d.done])).toEqual(['c', 'd']);
});

test('what is larger than the budget runs alone, and failed work gives its bytes back', async () => {
  const budget = new ByteBudget(100);
  const begun: string[] = [];
  const small = job(budget, 1, 'small', begun);
  const huge = job(budget, 500, 'huge', begun);
  await Promise.resolve();
  expect(begun).toEqual(['small']);
  small.fail();
  await expect(small.done).rejects.toThrow('small');
  await Promise.resolve();
  expect(begun).toEqual(['small', 'huge']);
  const later = job(budget, 1, 'later', begun);
  await Promise.resolve();
  expect(begun).toEqual(['small', 'huge']);
  huge.end();
  await huge.done;
  later.end();
  expect(await later.done).toBe('later');
});
