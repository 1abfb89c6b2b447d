import { readLogEnd } from '@longhaul/broker';
import { isTerminalEvent, requestOfRecord, stateOfRequest } from '@longhaul/proto/wire';
import { recordThat, startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import { EventWriter } from '../../services/executor/src/attempt/eventWriter.ts';

const system = () =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
    executors: 2,
    executor: { concurrency: 50 },
  });

describe('ends-once', () => {
  it('leaves 1,000 terminal records that agree with the events when every second task is canceled at once', async () => {
    await using stack = await system();
    const clients = stack.gateways.map(gateway => stack.tasksOf(gateway));
    const started = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => {
        // Of those that are canceled, some hang until then and some race with their own end.
        const { script } = clients[i % 2] ?? stack.tasks;
        return i % 4 === 1 ? script.hang.start({}) : script.count.start({ steps: 3, stepMs: i % 3 });
      }),
    );
    const canceled = started.filter((_, i) => i % 2 === 1);
    const answers = await Promise.all(canceled.map(task => task.cancel('every second one')));
    const outcomes = await Promise.all(started.map(task => task.outcome()));

    for (const [i, outcome] of outcomes.entries()) {
      if (i % 2 === 0) expect(outcome.status).toBe('COMPLETED');
      else if (i % 4 === 1) expect(outcome.status).toBe('CANCELED');
    }
    for (const answer of answers)
      if (answer.status === 'CANCELED')
        expect(outcomes.find(o => o.id === answer.id)?.status).toBe('CANCELED');

    const endings = (await stack.events()).filter(({ event }) => isTerminalEvent(event));
    expect(endings.length).toBe(1_000);
    expect(new Set(endings.map(ending => ending.id)).size).toBe(1_000);

    const lastEnding = endings.at(-1);
    await recordThat(stack.broker, 'the record of the last ending', record => record.seq === lastEnding?.seq);
    const records = new Map((await stack.records()).map(record => [record.id, record]));
    expect(records.size).toBe(1_000);
    for (const { id, event, seq } of endings) {
      expect(records.get(id)).toMatchObject({ status: event.type.toUpperCase(), seq, finishedAt: event.at });
    }
    const { requestStream, subjects } = stack.broker.topology;
    const { state } = await stack.broker.jsm.streams.info(requestStream, {
      subjects_filter: subjects.allRequests,
    });
    expect(state.subjects ?? {}, 'requests left in the queue').toEqual({});
  }, 120_000);

  it('lets one of two cancels of a waiting task through, and both say the same', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 2,
      executors: 0,
    });
    const [one, other] = stack.gateways.map(gateway => stack.tasksOf(gateway));
    const task = await stack.tasks.script.hang.start({});
    await Promise.all([one?.$tasks.cancel(task.id), other?.$tasks.cancel(task.id)]);
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED' });
    const types = (await stack.events(task.id)).map(({ event }) => event.type);
    expect(types.filter(type => type === 'canceled')).toHaveLength(1);
  });

  it('refuses the late end of a slow executor whose task another one has taken over', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 2,
      executors: 0,
    });
    const task = await stack.tasks.script.echo.start({ text: 'whose?' });
    const pending = await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
    // Two executors as far as the wire can tell, so that each step of the race comes exactly when it should.
    const refusals: string[] = [];
    const writer = async (executor: string, attempt: number) =>
      new EventWriter({
        broker: stack.broker,
        task: { id: task.id, name: 'script.echo' },
        request: requestOfRecord(pending),
        attempt,
        executor,
        end: await readLogEnd(stack.broker, { id: task.id, name: 'script.echo' }, stateOfRequest(pending)),
        onRefused: why => refusals.push(`${executor} ${why}`),
        shutdownDeadline: new AbortController().signal,
      });
    const slow = await writer('slow', 1);
    expect(await slow.append({ type: 'started', attempt: 1, executor: 'slow' })).toBe('accepted');
    const next = await writer('next', 2);
    expect(await next.append({ type: 'started', attempt: 2, executor: 'next' })).toBe('accepted');

    // Were this stored, the end that expects it would be too.
    slow.publish({ type: 'progress', attempt: 1, progress: { percent: 99 } });
    expect(
      await slow.append({ type: 'completed', attempt: 1, executor: 'slow', output: { text: 'slow' } }),
    ).toBe('superseded');
    expect(
      await next.append({ type: 'completed', attempt: 2, executor: 'next', output: { text: 'next' } }),
    ).toBe('accepted');
    expect(
      await slow.append({ type: 'failed', attempt: 1, executor: 'slow', error: { code: 'X', message: '' } }),
    ).toBe('superseded');

    // It was told with the first thing that it said, and asked nothing more after that.
    expect(refusals).toEqual(['slow superseded']);
    expect(await task.result()).toEqual({ text: 'next' });
    const record = await recordThat(
      stack.broker,
      'COMPLETED',
      ({ id, status }) => id === task.id && status === 'COMPLETED',
    );
    expect(record).toMatchObject({ attempt: 2, output: { text: 'next' } });
    expect(record).not.toHaveProperty('progress');
    expect((await stack.events(task.id)).filter(({ event }) => isTerminalEvent(event))).toHaveLength(1);
  });

  it('takes an end for written whose acknowledgement was lost', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
    const task = await stack.tasks.script.echo.start({ text: 'twice?' });
    const pending = await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
    const options = {
      broker: stack.broker,
      task: { id: task.id, name: 'script.echo' },
      request: requestOfRecord(pending),
      attempt: 1,
      executor: 'one',
      end: { state: stateOfRequest(pending), lastSeq: 0 },
      onRefused: () => {},
      shutdownDeadline: new AbortController().signal,
    };
    const end = { type: 'completed', attempt: 1, executor: 'one', output: { text: 'twice?' } } as const;
    expect(await new EventWriter(options).append(end)).toBe('accepted');
    // The same executor, which has heard nothing of it, tries again.
    expect(await new EventWriter(options).append(end)).toBe('accepted');
    expect((await stack.events(task.id)).filter(({ event }) => isTerminalEvent(event))).toHaveLength(1);
  });
});
