import { appendLifecycle, type LogEnd } from '@longhaul/broker';
import {
  fold,
  isTerminalEvent,
  type StoredEvent,
  stateOfRequest,
  type TaskRecord,
} from '@longhaul/proto/wire';
import { eventThat, recordThat, type Stack, startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';

type System = Stack<typeof scriptedContract>;

/** The test's own words for the invariant: the bucket holds the fold of the events, of every task. */
async function expectRecordsToBeFolds(stack: System, tasks: number): Promise<void> {
  const events = await stack.events();
  const last = events.filter(({ event }) => isTerminalEvent(event)).at(-1);
  await recordThat(stack.broker, 'the last ending in its record', record => record.seq === last?.seq);
  const byTask = Map.groupBy(events, event => event.id);
  const records = await stack.records();
  expect(records).toHaveLength(tasks);
  for (const record of records) expect(record).toEqual(foldAll(byTask.get(record.id) ?? []));
}

function foldAll(events: readonly StoredEvent[]): TaskRecord | undefined {
  return events.reduce<TaskRecord | undefined>(fold, undefined);
}

describe('record-is-fold', () => {
  it('holds with two gateways projecting and two executors running', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 2,
      executors: 2,
    });
    const { script } = stack.tasks;
    const started = await Promise.all([
      ...Array.from({ length: 50 }, (_, i) => script.count.start({ steps: 5, stepMs: i % 4 })),
      ...Array.from({ length: 10 }, () => script.fail.start({ declared: true })),
      ...Array.from({ length: 10 }, () => script.fail.start({ declared: false })),
      ...Array.from({ length: 10 }, () => script.lie.start({})),
      ...Array.from({ length: 10 }, () => script.overrun.start({})),
    ]);
    await Promise.all(started.map(task => task.outcome()));
    await expectRecordsToBeFolds(stack, started.length);
  });

  it('holds when the projecting gateway stops in the middle and the other takes over', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 2,
      executors: 2,
      executor: { concurrency: 20 },
    });
    const [first, second] = stack.gateways;
    if (!first || !second) throw new Error('two gateways are needed');
    const watching = stack.tasksOf(second);
    const started = await Promise.all(
      Array.from({ length: 60 }, () => watching.script.count.start({ steps: 20, stepMs: 10 })),
    );
    // Whichever projects, one of these stops has to hand the projection over, and the last gateway is a new one.
    await first.stop();
    await stack.addGateway();
    const third = stack.gateways.at(-1);
    if (!third) throw new Error('a third gateway is needed');
    await second.stop();
    const handles = started.map(task => stack.tasksOf(third).script.count.handle(task.id));
    await Promise.all(handles.map(task => task.outcome()));
    await expectRecordsToBeFolds(stack, started.length);
  });

  it('holds for events that were appended while no gateway ran', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 1,
      executors: 1,
    });
    const task = await stack.tasks.script.count.start({ steps: 200, stepMs: 10 });
    for await (const event of task.events()) if (event.type === 'progress') break;
    await stack.gateways[0]?.stop();
    // The handler continues meanwhile. A new gateway reads what happened without it.
    const gateway = await stack.addGateway();
    await stack.tasksOf(gateway).script.count.handle(task.id).result();
    await expectRecordsToBeFolds(stack, 1);
  });

  it('holds where a killed gateway leaves events of which only the first are delivered again yet', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 1,
      executors: 0,
    });
    const { broker } = stack;
    const { eventStream, consumers } = broker.topology;
    const { durable_name, priority_groups } = consumers.projection;
    const started = await Promise.all(['a', 'b', 'c'].map(text => stack.tasks.script.echo.start({ text })));
    for (const { id } of started)
      await recordThat(broker, 'PENDING', record => record.id === id && record.status === 'PENDING');
    await stack.gateways.splice(0)[0]?.stop();
    await stack.addExecutor();
    for (const { id } of started)
      await eventThat(broker, 'its end', stored => stored.id === id && isTerminalEvent(stored.event));
    // A gateway that is killed had two events. For the first one `ack_wait` is over, for the second one it is not.
    const consumer = await broker.js.consumers.get(eventStream, durable_name);
    const given = await consumer.fetch({ group: priority_groups[0], max_messages: 2 });
    const [first, second] = await Array.fromAsync(given);
    expect([first?.seq, second?.seq]).toEqual([1, 2]);
    first?.nak();
    await broker.jsm.consumers.unpin(eventStream, durable_name, priority_groups[0]);
    // So the next one gets the first event and then the third, with consecutive numbers of delivery.
    await stack.addGateway();
    await expectRecordsToBeFolds(stack, started.length);
  });

  it('never puts an older fold over a newer one: a put that expects an old revision is refused', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 2,
      executors: 0,
    });
    const task = await stack.tasks.script.hang.start({});
    const address = { id: task.id, name: 'script.hang' };
    const pending = await recordThat(stack.broker, 'PENDING', record => record.id === task.id);
    const request = {
      v: 1 as const,
      owner: 'local',
      createdAt: pending.createdAt,
      priority: pending.priority,
      input: pending.input,
    };
    let end: LogEnd = { state: stateOfRequest(pending), lastSeq: 0 };
    const append = async (change: Parameters<typeof appendLifecycle>[4]) => {
      end = await appendLifecycle(stack.broker, address, request, end, change);
    };
    const at = new Date().toISOString();
    // An executor by hand, as fast as the wire allows: many attempts of one task, each folded onto the one before.
    for (let attempt = 1; attempt <= 50; attempt += 1)
      await append({ type: 'started', at, attempt, executor: `e${attempt}` });
    await append({ type: 'completed', at, attempt: 50, executor: 'e50', output: {} });
    await expectRecordsToBeFolds(stack, 1);
  });
});
