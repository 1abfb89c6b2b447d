import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadlineMs } from '@longhaul/testing';
import { describe, expect, it, vi } from 'vitest';
import type { Act } from './fixtures/contract.ts';
import { graceMs } from './fixtures/contract.ts';
import { openAct, type Told } from './fixtures/openAct.ts';

/** Ending a thread takes some 2 ms; on a machine with more work than cores everything takes longer. */
const busyMachineMs = 1_000;

/** A call that has begun: its handler has reported its first progress. */
async function begun(act: ReturnType<typeof openAct>, what: Act, file?: string) {
  const first = Promise.withResolvers<void>();
  const onTold = ({ type }: Told) => type === 'progress' && first.resolve();
  const call = act.call(what, { onTold, ...(file === undefined ? {} : { file }) });
  await first.promise;
  return call;
}

const outputOf = async (call: ReturnType<ReturnType<typeof openAct>['call']>) => {
  const { ending, handlerEnded } = await call.ended;
  await handlerEnded;
  if (ending.kind !== 'completed') throw new Error(`It ended ${JSON.stringify(ending)}.`);
  return ending.output as { text: string; threadId: number };
};

describe('a handler in a thread', () => {
  it('gets its input parsed there, its task and its attempt', async () => {
    await using act = openAct();
    const { text, threadId } = await outputOf(act.call('transform'));
    expect(JSON.parse(text)).toEqual({
      text: 'WORDS',
      task: { id: 'id', name: 'sandbox.act', owner: 'alice', createdAt: '2026-01-01T00:00:00.000Z' },
      attempt: 2,
      fence: 7,
    });
    expect(threadId).toBeGreaterThan(0);
  });

  it.each<[Act | 'nothing', object]>([
    ['nothing', { code: 'INVALID_INPUT' }],
    ['declare', { code: 'REFUSED', message: 'No.', data: { by: 'the thread' } }],
    ['throw', { code: 'HANDLER_ERROR', message: 'something broke' }],
    ['lie', { code: 'INVALID_OUTPUT' }],
    ['misreport', { code: 'INVALID_PROGRESS' }],
  ])('that does "%s" fails as any other, and its thread is used again', async (what, error) => {
    await using act = openAct();
    const first = await outputOf(act.call('answer'));
    const { ending, handlerEnded } = await act.call(what).ended;
    expect(ending).toMatchObject({ kind: 'failed', error });
    await handlerEnded;
    expect(await outputOf(act.call('answer'))).toEqual(first);
  });

  it('says when it wants to be tried again', async () => {
    await using act = openAct();
    const { ending } = await act.call('advise').ended;
    expect(ending).toMatchObject({ error: { code: 'REFUSED' }, advice: { retry: true, delayMs: 5 } });
  });

  it('reports progress and log lines in order, the last before its end', async () => {
    await using act = openAct();
    const progress = act.call('progress');
    await progress.ended;
    const steps = progress.told.flatMap(event => event.progress?.step ?? []);
    // On a busy machine a later step takes the place of one that nobody has read yet; never of the last.
    expect(steps.at(-1)).toBe(7);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));

    const log = act.call('log');
    await log.ended;
    expect(log.told.filter(({ type }) => type === 'log')).toMatchObject([
      { level: 'info', message: 'first', fields: { n: 1 } },
      { level: 'warn', message: 'second', fields: { circle: { a: '[circular]' } } },
      { level: 'error', message: 'third' },
    ]);
  });

  it('that says more than can be read loses neither its last word nor the count of the others', async () => {
    await using act = openAct();
    const call = act.call('chatter');
    await call.ended;
    const progress = call.told.filter(({ type }) => type === 'progress');
    expect(progress.at(-1)).toMatchObject({ progress: { step: 1_000_000_000 } });
    // Meanwhile as well, although no timer fired in the thread.
    expect(progress.length).toBeGreaterThan(5);
    expect(call.told.some(({ message }) => /dropped/.test(message ?? ''))).toBe(true);
  });
});

describe('invariant 5, cancel-means-stop', () => {
  it('a loop that never ends is ended with its thread after the grace period, and nothing runs any more', async () => {
    await using act = openAct();
    const call = await begun(act, 'block');
    const abortedMs = performance.now();
    call.abort();
    const { ending, handlerEnded } = await call.ended;
    const tookMs = performance.now() - abortedMs;
    expect(ending).toEqual({ kind: 'canceled', handlerStillRunning: false });
    expect(tookMs).toBeGreaterThanOrEqual(graceMs - 1);
    expect(tookMs).toBeLessThan(graceMs + busyMachineMs);
    await handlerEnded;
    expect(act.pool.size).toBe(0);
    // A new thread works on.
    expect(await outputOf(act.call('answer'))).toMatchObject({ text: 'WORDS' });
  });

  it.each<[string, Act]>([
    ['waits for it', 'wait'],
    ['asks for it in a loop that lets nothing else happen', 'poll'],
  ])('a handler that %s sees the abort at once, and keeps its thread', async (_how, what) => {
    await using act = openAct();
    const { threadId } = await outputOf(act.call('answer'));
    const call = await begun(act, what);
    call.abort();
    const { ending, handlerEnded } = await call.ended;
    expect(ending).toEqual({ kind: 'canceled', handlerStillRunning: false });
    await handlerEnded;
    // At the end of the grace period it would have been another one.
    expect(await outputOf(act.call('answer'))).toMatchObject({ threadId });
  });

  it('a call that cannot be interrupted is reported as still running, and its end is known', async () => {
    await using act = openAct();
    // It lasts until its file is removed, however slow the machine is.
    const file = await mkdtemp(join(tmpdir(), 'native-'));
    const call = await begun(act, 'native', file);
    call.abort();
    const { ending, handlerEnded } = await call.ended;
    expect(ending).toEqual({ kind: 'canceled', handlerStillRunning: true });
    const end = vi.fn();
    void handlerEnded.then(end);
    // Another task has a thread meanwhile.
    expect(await outputOf(act.call('answer'))).toMatchObject({ text: 'WORDS' });
    expect(end).not.toHaveBeenCalled();
    await rm(file, { recursive: true });
    await handlerEnded;
  });

  it('a declared error while it obeys is told', async () => {
    await using act = openAct();
    const call = await begun(act, 'disobey');
    call.abort();
    expect((await call.ended).ending).toMatchObject({ kind: 'failed', error: { code: 'REFUSED' } });
  });

  it.each([
    ['TIMEOUT', { kind: 'failed', error: { code: 'TIMEOUT', message: 'because of TIMEOUT' } }],
    ['SUPERSEDED', { kind: 'superseded' }],
    ['RELEASED', { kind: 'released' }],
    ['CUT_OFF', { kind: 'released' }],
  ] as const)('%s ends a loop that never ends as well', async (code, ending) => {
    await using act = openAct();
    const call = await begun(act, 'block');
    call.abort(code);
    expect((await call.ended).ending).toEqual(ending);
  });

  it('an abort before the thread has begun starts nothing, or ends what it started', async () => {
    await using act = openAct();
    const call = act.call('block');
    call.abort();
    const { ending, handlerEnded } = await call.ended;
    expect(ending).toEqual({ kind: 'canceled', handlerStillRunning: false });
    // A thread that was quicker than the abort blocks for ever unless it is ended.
    await handlerEnded;
    expect(await outputOf(act.call('answer'))).toMatchObject({ text: 'WORDS' });
  });
});

describe('a thread that crashes', () => {
  it.each<[Act, RegExp]>([
    ['uncaught', /nobody catches this/],
    ['unhandled', /nobody awaits this/],
    ['exit', /code: 3/],
    ['outOfMemory', /memory/],
    ['outOfBuffers', /memory/],
    ['breakJson', /a message that does not fit/],
    ['emptyJson', /a message that does not fit/],
    ['breakObjects', /a message that does not fit/],
  ])('by "%s" fails the task with SANDBOX_CRASHED, and the next task runs', async (what, why) => {
    await using act = openAct({ maxMemoryMb: 64 });
    const { ending, handlerEnded } = await act.call(what).ended;
    expect(ending).toMatchObject({
      kind: 'failed',
      error: { code: 'SANDBOX_CRASHED', message: expect.stringMatching(why) },
    });
    await handlerEnded;
    expect(await outputOf(act.call('answer'))).toMatchObject({ text: 'WORDS' });
  });

  it('between two tasks, of what a handler left behind, ends nothing but itself', async () => {
    await using act = openAct();
    await outputOf(act.call('leaveBehind'));
    await vi.waitFor(() => expect(act.crashes).toMatchObject([{ err: { message: 'left behind' } }]), {
      timeout: deadlineMs,
    });
    expect(await outputOf(act.call('answer'))).toMatchObject({ text: 'WORDS' });
  });
});

describe('the threads', () => {
  it('are used again, one after the other, and several at once', async () => {
    await using act = openAct();
    const first = await outputOf(act.call('answer'));
    expect(await outputOf(act.call('answer'))).toEqual(first);
    const [one, two] = await Promise.all([begun(act, 'wait'), begun(act, 'wait')]);
    expect(act.pool.size).toBe(2);
    one.abort();
    two.abort();
    await Promise.all([one.ended, two.ended]);
  });

  it('end when there is nothing to do', async () => {
    await using act = openAct({ idleMs: 20 });
    await outputOf(act.call('answer'));
    await vi.waitFor(() => expect(act.pool.size).toBe(0), { timeout: deadlineMs });
    expect(await outputOf(act.call('answer'))).toMatchObject({ text: 'WORDS' });
  });

  it('are ended by close, also those that work', async () => {
    const act = openAct();
    const call = await begun(act, 'block');
    call.abort('RELEASED');
    await act.pool.close();
    expect((await call.ended).ending).toEqual({ kind: 'released' });
    expect(act.pool.size).toBe(0);
  });
});
