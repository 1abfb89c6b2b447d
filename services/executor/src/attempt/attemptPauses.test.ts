import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SlotPool } from '../queue/slotPool.ts';
import type { AppendResult, EventWriter } from './eventWriter.ts';
import { AttemptPauses, type PauseContext } from './pause.ts';
import type { StartedGate } from './startedGate.ts';

/** An attempt whose events are noted, and accepted where the test does not say otherwise. */
function attempt(options: { toPause?: boolean; answers?: Partial<Record<string, AppendResult>> } = {}) {
  const { toPause = false, answers = {} } = options;
  const pool = new SlotPool(1);
  const slot = pool.acquire('demo');
  if (!slot) throw new Error('There is one.');
  const abort = new AbortController();
  const pauses = new AttemptPauses(abort.signal, slot);
  const said: string[] = [];
  const requests: boolean[] = [];
  const opened = Promise.withResolvers<AppendResult>();
  opened.resolve('accepted');
  const gate = { opened, open: () => gate.opened.promise };
  const writer = {
    append: async ({ type }: { type: string }) => {
      said.push(type);
      await nextTurn();
      return answers[type] ?? 'accepted';
    },
  };
  const limits = {
    pauseAttempt: () => void said.push('clock stands'),
    resumeAttempt: () => void said.push('clock goes'),
    stop: () => {},
  };
  pauses.onRequest(request => requests.push(request));
  const context = {
    writer: writer as unknown as EventWriter,
    claim: { attempt: 1, toPause },
    setting: { executor: 'me' },
  } as unknown as PauseContext;
  pauses.begin(context, gate as unknown as StartedGate, limits);
  const ask = (what: 'pause' | 'resume') => pauses.request({ v: 1, do: what, by: 'ann' });
  /** Starts a checkpoint, and tells whether it has been passed. */
  const checkpoint = () => {
    const state = { passed: false, done: Promise.resolve() };
    state.done = pauses.checkpoint().then(() => {
      state.passed = true;
    });
    state.done.catch(() => {});
    return state;
  };
  return { pauses, pool, abort, said, requests, gate, ask, checkpoint };
}
/** Lets everything happen that is not waiting for something. */
const settled = async () => {
  for (let n = 0; n < 10; n += 1) await nextTurn();
};

describe('a checkpoint', () => {
  test('is passed while nobody wants a pause', async () => {
    const { pauses, said } = attempt();
    await pauses.checkpoint();
    expect(said).toEqual([]);
  });

  test('waits for the resume, with its slot lent and its clock standing; several are one pause', async () => {
    const { pool, said, requests, ask, checkpoint } = attempt();
    await ask('pause');
    await ask('pause');
    const [first, second] = [checkpoint(), checkpoint()];
    await settled();
    expect([first.passed, second.passed, pool.free]).toEqual([false, false, 1]);
    await ask('resume');
    await Promise.all([first.done, second.done]);
    expect(said).toEqual(['pausing', 'clock stands', 'paused', 'resumed', 'clock goes']);
    expect(requests).toEqual([false, false, true, false, false]);
    expect(pool.free).toBe(0);
  });

  test('that is resumed before it could say so says nothing behind the resume', async () => {
    const { said, gate, ask, checkpoint } = attempt({ toPause: true });
    gate.opened = Promise.withResolvers();
    const resumed = ask('resume');
    await settled();
    // It is still to pause when the checkpoint looks, and no longer when it would say so.
    const waiting = checkpoint();
    await settled();
    gate.opened.resolve('accepted');
    await Promise.all([resumed, waiting.done]);
    expect(said.filter(type => !type.startsWith('clock'))).toEqual(['resumed']);
  });

  test('whose pause is refused, since a gateway resumed it, is passed once the log was read', async () => {
    const { pauses, said, checkpoint } = attempt({ toPause: true, answers: { paused: 'dropped' } });
    const waiting = checkpoint();
    await nextTurn();
    pauses.follow(false);
    await waiting.done;
    expect(said).toContain('paused');
  });

  test.each(['superseded', 'stop'] as const)('ends when its pause is %s', async answer => {
    const { pauses } = attempt({ toPause: true, answers: { paused: answer } });
    await expect(pauses.checkpoint()).rejects.toThrow('The attempt is over.');
  });

  test('of an attempt that is over ends, instead of asking for ever', async () => {
    const { pauses, gate } = attempt({ toPause: true });
    gate.opened = Promise.withResolvers();
    gate.opened.resolve('superseded');
    await expect(pauses.checkpoint()).rejects.toThrow('The attempt is over.');
  });

  test('rejects with the reason of an abort, before and while it waits', async () => {
    const { pauses, abort, checkpoint } = attempt({ toPause: true });
    const waiting = checkpoint();
    await settled();
    abort.abort(new Error('canceled'));
    await expect(waiting.done).rejects.toThrow('canceled');
    await expect(pauses.checkpoint()).rejects.toThrow('canceled');
  });

  test('in a loop lets everything else happen', async () => {
    const { pauses } = attempt();
    let happened = false;
    setImmediate(() => {
      happened = true;
    });
    while (!happened) await pauses.checkpoint();
  });
});

describe('a request', () => {
  test('is answered after the attempt has begun, and not at all when it is over', async () => {
    const pool = new SlotPool(1);
    const slot = pool.acquire('demo');
    if (!slot) throw new Error('There is one.');
    const pauses = new AttemptPauses(new AbortController().signal, slot);
    const asked = pauses.request({ v: 1, do: 'pause', by: 'ann' });
    pauses.end();
    await expect(asked).rejects.toThrow('The attempt is over.');
  });

  test('that is not in the log is not answered', async () => {
    const { ask } = attempt({ answers: { pausing: 'superseded' } });
    await expect(ask('pause')).rejects.toThrow('The attempt is over.');
  });

  test('under way is not overruled by a log that does not have it yet', async () => {
    const { pauses, requests, ask } = attempt();
    const asked = ask('pause');
    await nextTurn();
    pauses.follow(false);
    await asked;
    await settled();
    pauses.follow(true);
    expect(requests.at(-1)).toBe(true);
    pauses.follow(false);
    expect(requests.at(-1)).toBe(false);
  });
});

describe('an executor that stops', () => {
  test('does not wait for what rests, nor for what comes to rest', async () => {
    for (const restsBefore of [true, false]) {
      const { pauses, abort, checkpoint } = attempt({ toPause: true });
      const waiting = restsBefore ? checkpoint() : undefined;
      await settled();
      pauses.drain(() => abort.abort(new Error('released')));
      await expect((waiting ?? checkpoint()).done).rejects.toThrow('released');
    }
  });
});
