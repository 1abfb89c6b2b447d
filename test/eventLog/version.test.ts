import { EventLogVersionError } from '@longhaul/broker';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, inject, it } from 'vitest';

const servers = inject('natsUrl');
const nats = { servers };

/** The event stream as version 0.1 made it. */
async function oldStream(namespace: string, events: number) {
  const nc = await connect({ servers });
  const jsm = await jetstreamManager(nc);
  const { eventStream, streams, subjects } = createTopology(namespace);
  const { metadata: _metadata, subjects: _subjects, ...config } = streams.events;
  await jsm.streams.add({ ...config, subjects: [subjects.allEvents], max_msgs_per_subject: 1_000 } as never);
  for (let n = 0; n < events; n += 1)
    await jsm
      .jetstream()
      .publish(`${namespace}.event.01890000-0000-7000-8000-00000000000${n}.demo.count`, '{}');
  return {
    info: () => jsm.streams.info(eventStream),
    [Symbol.asyncDispose]: async () => {
      for await (const { config: found } of jsm.streams.list(`${namespace}.>`))
        await jsm.streams.delete(found.name);
      for await (const { config: found } of jsm.streams.list())
        if (found.name.includes(namespace)) await jsm.streams.delete(found.name);
      await nc.close();
    },
  };
}

const startGateway = (namespace: string) =>
  createGateway({ contract: scriptedContract, nats, namespace, port: 0 });
const startExecutor = (namespace: string) =>
  createExecutor({ contract: scriptedContract, handlers: scriptedHandlers, nats, namespace });

it.each([
  ['gateway', startGateway],
  ['executor', startExecutor],
])(
  'a %s refuses an event stream of version 0.1, says what to do, and changes nothing',
  async (_what, start) => {
    const namespace = freshNamespace();
    await using stream = await oldStream(namespace, 2);
    const before = (await stream.info()).config;
    const starting = start(namespace);
    await expect(starting).rejects.toThrow(EventLogVersionError);
    await expect(starting).rejects.toMatchObject({
      code: 'EVENT_LOG_VERSION',
      message: expect.stringMatching(/Longhaul 0\.1.*another namespace.*nats stream rm/s),
    });
    const { config, state } = await stream.info();
    expect({ config, messages: state.messages }).toEqual({ config: before, messages: 2 });
  },
);

it('one that never held an event is taken over', async () => {
  const namespace = freshNamespace();
  await using stream = await oldStream(namespace, 0);
  await using _gateway = await startGateway(namespace);
  expect((await stream.info()).config).toMatchObject({
    max_msgs_per_subject: 1_000,
    metadata: { 'longhaul-event-log': '2' },
  });
});
