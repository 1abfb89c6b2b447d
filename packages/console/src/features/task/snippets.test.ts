import { execFileSync } from 'node:child_process';
import { stripTypeScriptTypes } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import type { AnyTaskRecord } from '@longhaul/proto/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shellWord, tsLiteral, tsPath, tsString } from './quote.ts';
import { clientCode, curlCommand } from './snippets.ts';

const record = {
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
} as const satisfies AnyTaskRecord;

/** What a task may want to have in what an administrator copies. */
const hostile = [
  "'",
  "\\'",
  '\\',
  "': globalThis.ran = true, 'a",
  "'}); globalThis.ran = true; ({'",
  '`$' + '{globalThis.ran = true}`',
  '*/ globalThis.ran = true /*',
  '// ',
  '\u2028globalThis.ran = true\u2029',
  'a\nglobalThis.ran = true\n',
  '\r\n',
  '\u202e\u2066',
  '\u0000\u001b[2J',
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  'a b',
  '1',
  'é',
  "'; touch ran; '",
  '$(touch ran)',
  '`touch ran`',
  '"; touch ran; "',
  '!!',
  '-d',
  '%s',
  '',
] as const;
const text = fc.oneof(
  fc.constantFrom(...hostile),
  fc.array(fc.constantFrom(...hostile), { maxLength: 3 }).map(parts => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 20 }),
);
/** JSON with such keys and values; made by JSON itself, so that `__proto__` is a key like any other. */
const { json } = fc.letrec<{ json: unknown; node: unknown }>(tie => ({
  json: tie('node').map(value => JSON.parse(JSON.stringify(value ?? null))),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('node'), { maxLength: 4 }),
    fc
      .array(fc.tuple(text, tie('node')), { maxLength: 4 })
      .map(entries => Object.fromEntries(entries.map(([key, value]) => [key, value ?? null]))),
  ),
}));

/** Runs a program where nothing of ours is, and says what it was called with and whether anything else ran. */
function run(program: string): { readonly value: unknown; readonly ran: boolean } {
  const context = createContext({});
  const value = runInContext(`JSON.stringify(${program})`, context);
  return {
    value: typeof value === 'string' ? JSON.parse(value) : value,
    ran: runInContext('"ran" in globalThis', context) === true,
  };
}

describe('a snippet escapes the keys and values of a caller', () => {
  test.each([
    [{ path: "it's", n: 1, ok: true, none: null }, "{ path: 'it\\'s', n: 1, ok: true, none: null }"],
    [{ 'a-b': [1, 2] }, "{ 'a-b': [1, 2] }"],
    [{}, '{}'],
    ['a\nb', "'a\\nb'"],
    [{ "a': globalThis.ran = true, 'b": 1 }, "{ 'a\\': globalThis.ran = true, \\'b': 1 }"],
  ])('%j', (value, literal) => {
    expect(tsLiteral(value)).toBe(literal);
    expect(run(literal)).toEqual({ value, ran: false });
  });

  test('what is long stands in lines', () => {
    const value = { text: 'x'.repeat(80), list: [{ a: 1 }] };
    expect(tsLiteral(value)).toBe(`{\n  text: '${'x'.repeat(80)}',\n  list: [{ a: 1 }],\n}`);
  });

  test('a TypeScript literal of any JSON evaluates to that JSON, and to nothing else', () => {
    fc.assert(
      fc.property(json, value => {
        const literal = tsLiteral(value);
        expect(run(`(${literal})`)).toEqual({ value, ran: false });
        // Nothing that a reader does not see, or sees elsewhere than where it stands.
        expect(literal.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 500 },
    );
  });

  test('a string and a path of names', () => {
    fc.assert(
      fc.property(text, fc.array(text, { minLength: 1, maxLength: 3 }), (string, path) => {
        expect(run(tsString(string))).toEqual({ value: JSON.parse(JSON.stringify(string)), ran: false });
        const followed = `(() => { const names = []; const at = new Proxy({}, { get: (_, name) => (names.push(name), at) }); void at${tsPath(path)}; return names; })()`;
        expect(run(followed)).toEqual({ value: JSON.parse(JSON.stringify(path)), ran: false });
      }),
    );
  });

  test('the whole TypeScript program starts the task that it was made from, and does nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(json, async input => {
        const code = clientCode({ ...record, input }, "http://x.test/'");
        const body = stripTypeScriptTypes(code).replace(/^import .*$/gm, '');
        const context = createContext({});
        runInContext(
          `calls = []; console = { log() {} };
           const task = { events: async function* () {}, result: async () => 1 };
           createClient = options => { calls.push(options); return { script: { echo: { start: async (...args) => { calls.push(args); return task; } } } }; };`
            .replace('const task =', 'stubTask =')
            .replace('return task;', 'return stubTask;'),
          context,
        );
        await runInContext(`(async () => {\n${body}\n})()`, context);
        const calls = JSON.parse(runInContext('JSON.stringify(calls)', context));
        expect(calls).toEqual([{ url: "http://x.test/'" }, [input ?? {}, { priority: 'high' }]]);
        expect(runInContext('"ran" in globalThis', context)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('a real shell takes each word of the curl command as it is, and runs nothing else', () => {
    fc.assert(
      fc.property(json, input => {
        const command = curlCommand({ ...record, input }, 'http://127.0.0.1:8080');
        const printed = execFileSync(
          'sh',
          ['-c', `curl() { printf '%s\\0' "$@"; }; touch() { printf RAN; }\n${command}`],
          {
            encoding: 'utf8',
            env: {},
          },
        );
        const words = printed.split('\0');
        expect(words.slice(0, 5)).toEqual([
          '-i',
          'http://127.0.0.1:8080/v1/tasks/script.echo?priority=high',
          '-H',
          'Content-Type: application/json',
          '-d',
        ]);
        expect(JSON.parse(words[5] ?? '')).toEqual(input ?? {});
        expect(words.slice(6)).toEqual([
          `http://127.0.0.1:8080/v1/tasks/${record.id}`,
          '-N',
          `http://127.0.0.1:8080/v1/tasks/${record.id}/events`,
          '',
        ]);
      }),
      { numRuns: 60 },
    );
  });

  test('a word comes back from `sh -c printf`', () => {
    fc.assert(
      fc.property(text, word => {
        // A shell's words have no NUL, and UTF-8 has no halves of a pair.
        fc.pre(!word.includes('\0') && word.isWellFormed());
        expect(execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' })).toBe(word);
      }),
      { numRuns: 60 },
    );
  });
});
