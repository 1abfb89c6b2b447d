import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { expect, inject, it } from 'vitest';

it('a record read when the stream is open, and the events that follow, miss nothing while records are behind', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
  });
  const { broker, tasks } = stack;
  const { eventStream, consumers } = broker.topology;
  const before = await tasks.script.echo.start({ text: 'before' });
  await recordThat(broker, 'its end', ({ id, status }) => id === before.id && status === 'COMPLETED');
  const task = await tasks.script.hang.start({});
  await recordThat(broker, 'that it runs', ({ id, status }) => id === task.id && status === 'RUNNING');

  // No gateway folds from now on: records stand still, whatever happens.
  await broker.jsm.consumers.pause(
    eventStream,
    consumers.projection.durable_name,
    new Date(Date.now() + 60_000),
  );
  await task.cancel();
  await eventThat(broker, 'its end', ({ id, event }) => id === task.id && event.type === 'canceled');

  const leave = new AbortController();
  const seen: string[] = [];
  const watched = (async () => {
    for await (const item of tasks.$tasks.watch({ signal: leave.signal })) {
      if (item.type === 'open') expect((await task.record()).status).toBe('RUNNING');
      if (item.type !== 'event') continue;
      seen.push(item.id);
      if (item.id === task.id && item.event.type === 'canceled') leave.abort();
    }
  })();
  await within('the end that the record does not have', watched);
  // What the records have is not sent again.
  expect(seen).not.toContain(before.id);
  await broker.jsm.consumers.pause(eventStream, consumers.projection.durable_name, new Date(0));
});
