import { expect, test } from 'vitest';
import { curlCommand, literal } from './snippets.ts';

test.each([
  [{ path: "it's", n: 1, ok: true, none: null }, "{ path: 'it\\'s', n: 1, ok: true, none: null }"],
  [{ 'a-b': [1, 2] }, "{ 'a-b': [1, 2] }"],
  [{}, '{}'],
  ['a\nb', "'a\\nb'"],
])('%j', (value, text) => {
  expect(literal(value, 0)).toBe(text);
  // It is a program: what it evaluates to is what it was made of.
  expect(new Function(`return (${text})`)()).toEqual(value);
});

test('what is long stands in lines', () => {
  const value = { text: 'x'.repeat(80), list: [{ a: 1 }] };
  expect(literal(value, 0)).toBe(`{\n  text: '${'x'.repeat(80)}',\n  list: [{ a: 1 }],\n}`);
});

test('a shell takes the input for one word', () => {
  const command = curlCommand(
    {
      id: '01a1fd49-a6e6-75db-8a3e-999453c1b945',
      name: 'script.echo',
      owner: 'local',
      status: 'COMPLETED',
      priority: 'high',
      createdAt: '2026-11-21T10:00:00.000Z',
      attempt: 1,
      attempts: [],
      failures: 0,
      losses: 0,
      seq: 1,
      input: { text: "it's" },
    },
    'http://127.0.0.1:8080',
  );
  expect(command).toContain(`-d '{"text":"it'\\''s"}'`);
  expect(command).toContain("/v1/tasks/script.echo?priority=high'");
});
