import { appendEvent, isWrongLastSequence } from '@longhaul/broker';
import { isTerminal, isTerminalEvent } from '@longhaul/proto';
import { eventThat, recordThat, scriptedContract, scriptedHandlers, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';

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
    const requests = await stack.broker.jsm.streams.info(stack.broker.topology.requestStream);
    expect(requests.state.messages, 'requests left in the queue').toBe(0);
  });

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

  it('refuses a late end of an attempt that another executor has taken over', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.hang.start({});
    const { seq, event, name } = await eventThat(
      stack.broker,
      'started',
      ({ id, event }) => id === task.id && event.type === 'started',
    );
    // What the next executor of a lost one appends: from here on the first attempt is history.
    const taken = await appendEvent(
      stack.broker,
      { id: task.id, name },
      {
        v: 1,
        type: 'started',
        owner: event.owner,
        at: new Date().toISOString(),
        attempt: 2,
        executor: 'another',
      },
      (await stack.events(task.id)).at(-1)?.seq ?? seq,
    );
    await task.cancel();
    const late = await appendEvent(
      stack.broker,
      { id: task.id, name },
      {
        v: 1,
        type: 'completed',
        owner: event.owner,
        at: new Date().toISOString(),
        attempt: 1,
        executor: 'the first',
        output: {},
      },
      seq,
    ).catch((error: unknown) => error);
    expect(isWrongLastSequence(late)).toBe(true);
    const after = (await stack.events(task.id)).filter(stored => stored.seq > taken.seq);
    expect(after.every(stored => !isTerminalEvent(stored.event) || stored.event.type === 'canceled')).toBe(
      true,
    );
    const record = await task.record();
    expect(isTerminal(record.status) ? record.status : 'CANCELED').toBe('CANCELED');
  });
});
