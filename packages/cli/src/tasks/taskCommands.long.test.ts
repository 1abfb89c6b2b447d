import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadlineMs, type Stack, startStack } from '@longhaul/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { contract } from '../fixtures/project/contract.ts';
import { handlers } from '../fixtures/project/handlers.ts';
import { type CliOptions, copyProject, followCli, runCli } from '../fixtures/runCli.ts';

let stack: Stack<typeof contract>;
let project: Awaited<ReturnType<typeof copyProject>>;
beforeAll(async () => {
  stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
  project = await copyProject();
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await project.remove();
});

const url = () => stack.gateways[0]?.url ?? '';
const cli = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, { ...options, env: { LONGHAUL_URL: url(), ...options.env } });
const json = (text: string): unknown => JSON.parse(text);
const uuid = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

describe('the input of a start', { timeout: 8 * deadlineMs }, () => {
  test.each([
    { how: 'JSON', args: ['{"to":3,"names":["a"]}'], output: { sum: 6, names: ['a'] } },
    {
      how: 'flags of the schema',
      args: ['--to', '3', '--names', 'a', '--names=b', '--no-fast'],
      output: { sum: 6, names: ['a', 'b'] },
    },
    { how: 'standard input', args: ['-'], input: '{"to":4}', output: { sum: 10, names: [] } },
    { how: 'a file', args: ['@input.json'], output: { sum: 1, names: ['file'] } },
  ])('can be $how', async ({ args, input, output }) => {
    await writeFile(join(project.folder, 'input.json'), '{"to":1,"names":["file"]}');
    const ran = await cli(['run', 'numbers.count', ...args], {
      cwd: project.folder,
      ...(input === undefined ? {} : { input }),
    });
    expect(ran.stderr).toContain('COMPLETED');
    expect(json(ran.stdout)).toEqual(output);
    expect(ran.code).toBe(0);
  });
});

/** What goes wrong, the exit code, and what is said: for people, and as JSON. */
const faults = [
  {
    args: ['run', 'numbers.count', '--to', '5', '--fail-at', '3'],
    code: 1,
    says: /FAILED {2}TOO_FAR: 3 is too far/,
  },
  { args: ['start', 'numbers.count', '{"to":'], code: 2, says: /not JSON/ },
  { args: ['start', 'numbers.count', '--upto', '5'], code: 2, says: /no field "upto".*--to/s },
  { args: ['start', 'numbers.count', '{"to":"x"}'], code: 2, says: /INVALID_INPUT.*to: Invalid input/s },
  { args: ['list', '--status', 'DONE'], code: 2, says: /There are: SCHEDULED/ },
  { args: ['list', '--nonsense'], code: 2, says: /unknown option/ },
  { args: ['watch'], code: 2, says: /Name tasks by their ids/ },
  { args: ['start', 'numbers.sum', '--to', '5'], code: 3, says: /no task type "numbers.sum".*numbers.count/ },
  { args: ['start', 'numbers.sum', '5'], code: 3, says: /no task type "numbers.sum".*numbers.count/ },
  { args: ['get', '00000000-0000-7000-8000-000000000000'], code: 3, says: /TASK_NOT_FOUND/ },
  { args: ['list', '--url', 'http://127.0.0.1:9'], code: 5, says: /GATEWAY_UNREACHABLE.*longhaul dev/s },
  { args: ['list', '--profile', 'none'], code: 2, says: /no profile "none"/ },
] as const;

test.each(faults)('$args ends with $code', { timeout: 4 * deadlineMs }, async ({ args, code, says }) => {
  const answer = await cli(args);
  expect(answer.stderr).toMatch(says);
  expect(answer.code).toBe(code);
  // No colours where there is no terminal.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is looked for
  expect(answer.stderr).not.toMatch(/\u001b\[/);
});

test('errors are JSON where the answer would be', { timeout: 4 * deadlineMs }, async () => {
  const { stderr, stdout, code } = await cli(['get', '00000000-0000-7000-8000-000000000000', '--json']);
  expect(json(stderr)).toMatchObject({ error: { code: 'TASK_NOT_FOUND', exitCode: 3 } });
  expect([stdout, code]).toEqual(['', 3]);
});

test('a task from its start to its end, command by command', { timeout: 20 * deadlineMs }, async () => {
  const go = join(project.folder, 'go');
  const started = await cli(['start', 'code.edition', '--go', go, '--key', 'one']);
  const id = started.stdout.trim();
  expect(id).toMatch(uuid);
  expect((await cli(['start', 'code.edition', '--go', go, '--key', 'one'])).stdout.trim()).toBe(id);

  const watched = followCli(['watch', id, '--logs'], { env: { LONGHAUL_URL: url() } });
  await watched.line(/RUNNING/);
  expect((await cli(['result', id, '--no-wait'])).code).toBe(1);
  await expect.poll(async () => (await cli(['logs', id])).stdout).toMatch(/info {3}waiting/);
  // Lists and records are written a moment after what they tell of.
  const listed = async () =>
    json((await cli(['list', '--status', 'running', '--type', 'code.edition', '--json'])).stdout);
  await expect.poll(listed).toMatchObject([{ id, status: 'RUNNING' }]);

  expect((await cli(['pause', id])).code).toBe(0);
  await watched.line(/PAUSED/);
  expect((await cli(['resume', id])).code).toBe(0);
  await writeFile(go, '');
  expect((await cli(['result', id])).stdout).toBe('"first"\n');
  await watched.line(/COMPLETED/);
  expect(await watched.ended()).toBe(0);
  await expect
    .poll(async () => json((await cli(['get', id, '--json'])).stdout))
    .toMatchObject({ id, output: 'first' });
  expect((await cli(['get', id])).stdout).toMatch(/status +COMPLETED/);

  const retried = (await cli(['retry', id])).stdout.trim();
  expect(retried).toMatch(uuid);
  expect(json((await cli(['get', retried, '--json'])).stdout)).toMatchObject({ retryOf: id });
  // One that is not there loses no other.
  const both = await cli(['cancel', retried, '00000000-0000-7000-8000-000000000000']);
  expect(both.stdout).toContain(retried);
  expect(both.code).toBe(3);
});

test('many tasks are watched and canceled by a filter', { timeout: 10 * deadlineMs }, async () => {
  const go = join(project.folder, 'never');
  const tasks = await stack.tasks.code.edition.startMany([1, 2, 3].map(() => ({ input: { go } })));
  expect(tasks.every(({ ok }) => ok)).toBe(true);
  const active = () => stack.tasks.$tasks.list({ name: 'code.edition', status: ['PENDING', 'RUNNING'] });
  await expect.poll(async () => (await active()).tasks.length).toBe(3);
  const watched = followCli(['watch', '--type', 'code.edition', '--status', 'PENDING,RUNNING', '--json'], {
    env: { LONGHAUL_URL: url() },
  });
  await watched.line(/RUNNING/);
  const canceled = await cli(['cancel', '--type', 'code.edition', '--reason', 'enough']);
  expect(canceled.code).toBe(0);
  expect(await watched.ended()).toBe(1);
  const ends = watched.lines.map(json).filter(line => (line as { status: string }).status === 'CANCELED');
  expect(ends).toHaveLength(3);
});

test('an interrupt leaves the task running, unless it is told to cancel it', {
  timeout: 10 * deadlineMs,
}, async () => {
  const input = ['--go', join(project.folder, 'never')];
  for (const { flags, says, status } of [
    { flags: [], says: /The task continues: longhaul watch/, status: 'RUNNING' },
    { flags: ['--cancel'], says: /is canceled/, status: 'CANCELED' },
  ]) {
    const run = followCli(['run', 'code.edition', ...input, ...flags], { env: { LONGHAUL_URL: url() } });
    const id = (await run.line(/RUNNING/)).split(' ', 1)[0] ?? '';
    expect(await run.end('SIGINT')).toBe(130);
    await run.line(says);
    await expect.poll(async () => (await stack.tasks.$tasks.get(id)).status).toBe(status);
    await stack.tasks.$tasks.cancel(id);
  }
});

test('types, and a profile', { timeout: 8 * deadlineMs }, async () => {
  const types = await cli(['types']);
  expect(types.stdout).toMatch(/numbers\.count +Count/);
  expect((await cli(['types', 'numbers.count'])).stdout).toMatch(/--to integer.*how far \(required\)/);
  expect((await cli(['types', 'pause', 'numbers.count'])).stdout).toContain('is paused');
  expect((await cli(['types', 'resume', 'numbers.count'])).stdout).toContain('is not paused');

  const env = { XDG_CONFIG_HOME: project.folder, LONGHAUL_URL: '' };
  const set = await cli(['profile', 'set', 'here', '--url', url(), '--api-key-stdin'], {
    env,
    input: 'lh_secret\n',
  });
  expect(set.code).toBe(0);
  const listed = await cli(['profile', 'list'], { env });
  expect(listed.stdout).toMatch(/\* +here +http:\S+ +in the profile/);
  expect(listed.stdout).not.toContain('secret');
  expect((await cli(['list'], { env })).code).toBe(0);
  expect((await cli(['profile', 'delete', 'here'], { env })).code).toBe(0);
  expect((await cli(['profile', 'use', 'here'], { env })).code).toBe(2);
});
