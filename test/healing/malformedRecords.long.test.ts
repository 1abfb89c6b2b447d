import { recordSchema } from '@longhaul/proto/wire';
import { recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';

const system = () =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers });

/** What another program, another version, or a person with the `nats` command may write over a record. */
const values = [
  ['no JSON', '{'],
  ['null', 'null'],
  ['a list', '[]'],
  ['an object without fields', '{}'],
  ['another version', '{"v":99}'],
  ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0])],
] as const;

describe.each(values)('a record that is %s', (_what, value) => {
  it('holds up no other task, is made again with its task\u2019s next event, and its task is read from its log', async () => {
    await using stack = await system();
    const { script, $tasks } = stack.tasks;
    const { js, topology } = stack.broker;
    const running = await script.walk.start({ steps: 1, stepMs: 600_000 });
    const ended = await script.echo.start({ text: 'ended' });
    await within('its end', ended.outcome());
    const { owner } = await recordThat(
      stack.broker,
      'RUNNING',
      one => one.id === running.id && one.attempt === 1,
    );
    await recordThat(stack.broker, 'COMPLETED', one => one.id === ended.id && one.status === 'COMPLETED');
    for (const { id } of [running, ended]) await js.publish(topology.recordSubject(owner, id), value);

    expect(await running.record()).toMatchObject({ status: 'RUNNING' });
    expect(await ended.record()).toMatchObject({ status: 'COMPLETED', output: { text: 'ended' } });
    expect(await within('the outcome', ended.outcome())).toMatchObject({ status: 'COMPLETED' });
    expect(await ended.cancel()).toMatchObject({ alreadyEnded: true });

    expect(await within('the cancel', running.cancel())).toMatchObject({ alreadyEnded: false });
    expect(await within('its end', running.outcome())).toMatchObject({ status: 'CANCELED' });
    // Made again of the whole log, with the request in it.
    const recordOf = async (id: string) => {
      const last = { last_by_subj: topology.recordSubject(owner, id) };
      const message = await stack.broker.jsm.streams.getMessage(topology.bucketStream, last);
      return message && recordSchema.safeParse(JSON.parse(new TextDecoder().decode(message.data))).data;
    };
    await expect
      .poll(() => recordOf(running.id).catch(() => undefined))
      .toMatchObject({ status: 'CANCELED', name: 'script.walk', attempt: 1 });
    const other = await script.echo.start({ text: 'other' });
    await expect.poll(() => recordOf(other.id)).toMatchObject({ status: 'COMPLETED' });
    const listed = async () => (await $tasks.list()).tasks.find(({ id }) => id === running.id)?.status;
    await expect.poll(listed).toBe('CANCELED');
  });
});
