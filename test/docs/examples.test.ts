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
