import type { TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { describe, expect, test } from 'vitest';
import { aloneOrBatched } from './aloneOrBatched.ts';

/** Calls through the link, and what the links behind it were told. A call of `slow` is not answered. */
function create() {
  const sent: string[] = [];
  const left: string[] = [];
  const linkCalled =
    (name: string): TRPCLink<AnyTRPCRouter> =>
    () =>
    ({ op }) =>
      observable(observer => {
        sent.push(`${op.path} ${name}`);
        if (op.path !== 'slow') {
          observer.next({ result: { data: name } });
          observer.complete();
        }
        return () => void left.push(op.path);
      });
  const link = aloneOrBatched({ alone: linkCalled('alone'), batched: linkCalled('batched') })({});
  const call = (path: string, input?: unknown) => {
    const answered = Promise.withResolvers<unknown>();
    const op = { id: 1, type: 'query' as const, path, input, context: {}, signal: undefined };
    const { unsubscribe } = link({ op, next: () => expect.unreachable() }).subscribe({
      next: ({ result }) => answered.resolve('data' in result ? result.data : undefined),
      error: answered.reject,
    });
    return { answer: answered.promise, leave: unsubscribe };
  };
  return { call, sent, left };
}

describe('a call', () => {
  test('alone goes alone, also while others are under way', async () => {
    const { call, sent } = create();
    call('slow');
    await Promise.resolve();
    expect(await call('a').answer).toBe('alone');
    expect(await call('b').answer).toBe('alone');
    expect(sent).toEqual(['slow alone', 'a alone', 'b alone']);
  });

  test('goes with those that are made together with it', async () => {
    const { call } = create();
    const together = ['a', 'b', 'c'].map(path => call(path).answer);
    expect(await Promise.all(together)).toEqual(['batched', 'batched', 'batched']);
    const afterWaits = ['a', 'b'].map(async path => {
      await Promise.resolve();
      return call(path).answer;
    });
    expect(await Promise.all(afterWaits)).toEqual(['batched', 'batched']);
  });

  test.each([
    ['a long text', 'x'.repeat(70_000)],
    ['many texts', { input: Array.from({ length: 800 }, () => 'x'.repeat(100)) }],
    ['long names', { input: { ['x'.repeat(70_000)]: 1 } }],
    ['many values', { input: Array.from({ length: 3_000 }, () => 1) }],
    ['many values, deep', { input: Array.from({ length: 60 }, () => Array.from({ length: 60 }, () => [1])) }],
  ])('that is large goes alone, and the others together: %s', async (_what, large) => {
    const { call } = create();
    const small = { input: { text: 'x'.repeat(60_000), list: Array.from({ length: 500 }, () => 1) } };
    const together = [call('a', small), call('b', large), call('c', small)];
    expect(await Promise.all(together.map(({ answer }) => answer))).toEqual(['batched', 'alone', 'batched']);
    expect(await Promise.all([call('a'), call('b', large)].map(({ answer }) => answer))).toEqual([
      'alone',
      'alone',
    ]);
  });

  test('that is left before it is sent is not sent; one that was sent is left at its link', async () => {
    const { call, sent, left } = create();
    call('never').leave();
    const slow = call('slow');
    await Promise.resolve();
    expect(sent).toEqual(['slow batched']);
    slow.leave();
    expect(left).toEqual(['slow']);
  });
});
