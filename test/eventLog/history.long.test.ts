import { appendEvent } from '@longhaul/broker';
import { isTerminalEvent, progressKept } from '@longhaul/proto/wire';
import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, taskEvent } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';

const handlers = {
  script: {
    ...scriptedHandlers.script,
    /** Says three lines, and then only how far it is. */
    count: async ({ input, log, progress }: Parameters<typeof scriptedHandlers.script.count>[0]) => {
      for (const line of ['one', 'two', 'three']) log.info(line);
      for (let n = 1; n <= input.steps; n += 1) {
        progress({ percent: n });
        // Each is to become an event: a faster one would only be the latest.
        await new Promise(resolve => setTimeout(resolve, input.stepMs));
      }
      return { steps: input.steps };
    },
  },
};
const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers, ...more });

/** Puts a running task's first event and so many log lines into its log, as an executor would, many at a time. */
async function writeLines(stack: Awaited<ReturnType<typeof system>>, lines: number) {
  const task = await stack.tasks.script.hang.start({});
  const address = { id: task.id, name: 'script.hang' };
  const owner = 'local';
  await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
  const started = taskEvent({ type: 'started', attempt: 1, executor: 'x', owner });
  let { seq } = await appendEvent(stack.broker, address, started, 0);
  for (let n = 1; n <= lines; n += 500) {
    const first = seq;
    // Nobody else writes here, so the sequences are known before they are acknowledged.
    const acks = Array.from({ length: Math.min(500, lines - n + 1) }, (_, i) => {
      const line = { type: 'log', attempt: 1, level: 'info', message: `line ${n + i}` } as const;
      return appendEvent(stack.broker, address, taskEvent({ ...line, owner, ordinal: n + i }), first + i);
    });
    seq = (await Promise.all(acks)).at(-1)?.seq ?? seq;
  }
  const end = taskEvent({ type: 'completed', attempt: 1, executor: 'x', output: {}, owner });
  await appendEvent(stack.broker, address, end, seq);
  return task;
}

describe('history that is complete', () => {
  it('a handler that logs 3 lines and then reports progress for thousands of events keeps its log lines', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.count.start({ steps: 2_500, stepMs: 1 });
    await within('the end', task.result(), 120_000);
    const { events: seen } = { events: await Array.fromAsync(task.events({ lastEventId: '0' })) };
    const lines = seen.filter(event => event.type === 'log');
    expect(lines.map(({ message, ordinal }) => [message, ordinal])).toEqual([
      ['one', 1],
      ['two', 2],
      ['three', 3],
    ]);
    expect(seen.filter(({ type }) => type === 'started')).toHaveLength(1);
    const progress = seen.filter(event => event.type === 'progress');
    const total = progress.at(-1)?.ordinal ?? 0;
    expect(total).toBeGreaterThan(1_000);
    // Of the progress the gateway has dropped the oldest, and says exactly how many.
    expect(progress.length).toBeGreaterThanOrEqual(progressKept);
    expect(progress.length).toBeLessThan(total / 2);
    expect(seen.find(({ type }) => type === 'dropped')).toMatchObject({
      log: 0,
      progress: total - progress.length,
    });
    expect(seen.at(-1)?.type).toBe('completed');
  }, 180_000);

  it('the limit of log lines drops the oldest and counts them exactly: 2,001 of 12,001', async () => {
    await using stack = await system({ executors: 0 });
    const task = await writeLines(stack, 12_001);
    const seen = await within('the end', Array.fromAsync(task.events({ lastEventId: '0' })), 60_000);
    expect(seen.find(({ type }) => type === 'dropped')).toMatchObject({ log: 2_001, progress: 0 });
    const overRest = await fetch(`${stack.gateways[0]?.url}/v1/tasks/${task.id}/events`, {
      headers: { 'last-event-id': '0' },
    });
    const [, dropped] = /\nevent: dropped\ndata: (.*)\n/.exec(await overRest.text()) ?? [];
    expect(JSON.parse(dropped ?? '')).toEqual({ log: 2_001, progress: 0 });
    const ordinals = seen.flatMap(event => (event.type === 'log' ? [event.ordinal] : []));
    expect(ordinals).toEqual(Array.from({ length: 10_000 }, (_, i) => 2_002 + i));
    // The beginning of its life is there still, and so is everything else that is stored.
    expect(seen.map(({ type }) => type).filter(type => type !== 'log')).toEqual([
      'started',
      'dropped',
      'completed',
    ]);
    const stored = (await stack.events(task.id)).map(({ seq }) => String(seq));
    expect(seen.filter(({ type }) => type !== 'dropped').map(({ eventId }) => eventId)).toEqual(stored);
  }, 120_000);

  it('a deployment may keep fewer log lines', async () => {
    await using stack = await system({ executors: 0, gateway: { logLinesKept: 1_000 } });
    const task = await writeLines(stack, 2_400);
    const { eventStream, subjects } = stack.broker.topology;
    const subject = subjects.event({ id: task.id, name: 'script.hang' }, 'log');
    const linesLeft = async () => {
      const { state } = await stack.broker.jsm.streams.info(eventStream, { subjects_filter: subject });
      return state.subjects?.[subject] ?? 0;
    };
    await expect.poll(linesLeft, { timeout: 20_000 }).toBeLessThanOrEqual(1_200);
    const left = await linesLeft();
    const seen = await within('the end', Array.fromAsync(task.events({ lastEventId: '0' })), 60_000);
    expect(seen.find(({ type }) => type === 'dropped')).toMatchObject({ log: 2_400 - left });
    expect(left).toBeGreaterThanOrEqual(1_000);
  }, 60_000);

  it('a watcher resumes after any event of any kind, and gets exactly what is stored behind it', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.count.start({ steps: 5, stepMs: 5 });
    await task.result();
    const stored = (await stack.events(task.id)).map(({ seq, event }) => ({
      id: String(seq),
      type: event.type,
    }));
    expect(new Set(stored.map(({ type }) => type))).toEqual(
      new Set(['started', 'log', 'progress', 'completed']),
    );
    for (const [at, { id }] of stored.entries()) {
      const behind = await within('the end', Array.fromAsync(task.events({ lastEventId: id })));
      expect(behind.map(({ eventId }) => eventId)).toEqual(stored.slice(at + 1).map(one => one.id));
    }
  });

  it('another attempt continues counting where the one before left off', async () => {
    await using stack = await system({ executors: 0 });
    const task = await stack.tasks.script.count.start({ steps: 3, stepMs: 5 });
    await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
    const address = { id: task.id, name: 'script.count' };
    const owner = 'local';
    const started = taskEvent({ type: 'started', attempt: 1, executor: 'lost', owner });
    const { seq } = await appendEvent(stack.broker, address, started, 0);
    const line = { type: 'log', attempt: 1, level: 'info', message: 'from before', ordinal: 1 } as const;
    await appendEvent(stack.broker, address, taskEvent({ ...line, owner }), seq);
    await stack.addExecutor();
    await eventThat(stack.broker, 'the end', ({ id, event }) => id === task.id && isTerminalEvent(event));
    const lines = (await stack.events(task.id)).flatMap(({ event }) =>
      event.type === 'log' ? [[event.attempt, event.ordinal]] : [],
    );
    expect(lines).toEqual([
      [1, 1],
      [2, 2],
      [2, 3],
      [2, 4],
    ]);
  });
});
