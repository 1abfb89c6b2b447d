import { createSubjects, eventSchema, kindOfEvent } from '@longhaul/proto/wire';
import { expect, test } from 'vitest';
import { committedSchema } from '../wire/committedSchemas.ts';
import { markdownPages } from './markdownPages.ts';

/** `<!-- example:event -->` before a JSON block says which schema the block shows a message of. */
const marked = /<!-- example:(\w+) -->\s*```json\n(.*?)^```/gms;

const examples = (await markdownPages()).flatMap(({ path, text }) =>
  [...text.matchAll(marked)].map(([, schema = '', json = ''], index) => ({ path, index, schema, json })),
);

test('each kind of message has an example', () => {
  expect(new Set(examples.map(({ schema }) => schema))).toEqual(
    new Set([
      'request',
      'permits',
      'rate',
      'freed',
      'event',
      'record',
      'cancelRequest',
      'cancelReply',
      'controlRequest',
      'controlReply',
      'holderRequest',
      'holderReply',
      'executorStatus',
      'wake',
      'failure',
      'schedule',
      'fire',
    ]),
  );
});

test.each(examples)('example $index of $path is a valid $schema', async ({ schema, json }) => {
  const validator = await committedSchema(schema, 'documented');
  expect(validator.safeParse(JSON.parse(json)).error).toBeUndefined();
});

/** What the `nats` command line prints of an event: its subject, its headers, an empty line, its payload. */
const printed = /^\[#\d+\] Received on "([^"]+)".*\n(?:[\w-]+: .*\n)*\n(\{.*\})$/gm;

test('the events that the README shows are those of this version, on their subjects', async () => {
  const validator = await committedSchema('event', 'documented');
  const readme = (await markdownPages()).find(({ path }) => path === 'README.md');
  const shown = [...(readme?.text ?? '').matchAll(printed)];
  const types = shown.map(([, subject = '', json = '']) => {
    const event = eventSchema.parse(JSON.parse(json));
    expect(validator.safeParse(JSON.parse(json)).error).toBeUndefined();
    expect(createSubjects('tasks').parseEvent(subject)).toMatchObject({ kind: kindOfEvent(event.type) });
    return event.type;
  });
  expect(types).toEqual(['started', 'progress', 'progress', 'completed']);
});
