import { recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';

const advisorySchema = z.object({ reason: z.string().optional(), pinned_id: z.string().optional() });

test('a stopping gateway hands the projection over at once, and the next one makes the records', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
  });
  const { broker, nc, gateways } = stack;
  const [first, second] = gateways;
  if (!first || !second) expect.unreachable();
  const { id } = await stack.tasks.script.echo.start({ text: 'before' });
  await recordThat(broker, 'a first record', record => record.id === id && record.status === 'COMPLETED');

  // Which of the two has the projection: the first that was started.
  const unpinned = Promise.withResolvers<string | undefined>();
  const subject = `$JS.EVENT.ADVISORY.CONSUMER.UNPINNED.${broker.topology.eventStream}.projection`;
  nc.subscribe(subject, {
    callback: (error, message) => {
      if (!error) unpinned.resolve(advisorySchema.parse(message.json()).reason);
    },
  });
  await nc.flush();
  await first.stop();
  // `timeout` would be the server's own, after the 5 s for which it waits for a gateway that died.
  await expect(within('the pin is given up', unpinned.promise)).resolves.toBe('admin');
  const later = await stack.tasksOf(second).script.echo.start({ text: 'after' });
  await recordThat(broker, 'its record', record => record.id === later.id && record.status === 'COMPLETED');
});

test('a gateway that does not have the projection takes it from nobody when it stops', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
  });
  const { broker, nc, gateways } = stack;
  const { id } = await stack.tasks.script.echo.start({ text: 'before' });
  await recordThat(broker, 'a first record', record => record.id === id && record.status === 'COMPLETED');
  const reasons: unknown[] = [];
  nc.subscribe(`$JS.EVENT.ADVISORY.CONSUMER.UNPINNED.${broker.topology.eventStream}.projection`, {
    callback: (_error, message) => void reasons.push(message.json()),
  });
  await nc.flush();
  await gateways[1]?.stop();
  const later = await stack.tasks.script.echo.start({ text: 'after' });
  await recordThat(broker, 'its record', record => record.id === later.id && record.status === 'COMPLETED');
  expect(reasons).toEqual([]);
});
