import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deadlineMs, type Stack, startStack } from '@longhaul/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { contract } from '../fixtures/project/contract.ts';
import { handlers } from '../fixtures/project/handlers.ts';
import { bin, type CliOptions, runCli } from '../fixtures/runCli.ts';
import type { Finding } from './finding.ts';

let stack: Stack<typeof contract>;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-cli-'));
  stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const cli = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, { ...options, env: { LONGHAUL_URL: stack.gateways[0]?.url, ...options.env } });

type Answer = { readonly code: number | null; readonly ok: boolean; readonly findings: readonly Finding[] };
async function doctor(namespace: string, more: readonly string[] = []): Promise<Answer> {
  const args = ['doctor', '--json', '--nats', inject('natsUrl'), '--namespace', namespace, ...more];
  const { code, stdout } = await runCli(args);
  return { code, ...(JSON.parse(stdout) as Omit<Answer, 'code'>) };
}

test('doctor: a system that is well', { timeout: 4 * deadlineMs }, async () => {
  const answer = await doctor(stack.namespace);
  expect(answer.findings.filter(({ level }) => level === 'wrong')).toEqual([]);
  expect([answer.code, answer.ok]).toEqual([0, true]);
  const levels = Object.fromEntries(answer.findings.map(({ check, level }) => [check, level]));
  expect(levels).toMatchObject({
    NATS: 'good',
    clock: 'good',
    streams: 'good',
    executors: 'good',
    queues: 'good',
  });
  const text = await runCli(['doctor', '--nats', inject('natsUrl'), '--namespace', stack.namespace]);
  expect(text.stdout).toMatch(/^ok +NATS +nats-server \d+\.\d+/);
  expect(text.stdout).toContain('Nothing is wrong.');
});

test('doctor: no server, and no namespace', { timeout: 4 * deadlineMs }, async () => {
  const away = await runCli(['doctor', '--nats', 'nats://127.0.0.1:1']);
  expect(away.stdout).toMatch(/wrong +NATS +nats:\/\/127\.0\.0\.1:1 does not answer/);
  expect(away.code).toBe(1);
  const nothing = await doctor('nothing');
  expect(nothing.findings.filter(({ level }) => level === 'wrong')).toMatchObject([
    { check: 'streams', says: expect.stringContaining('nothing of the namespace "nothing"') },
  ]);
  expect(nothing.code).toBe(1);
});

test('doctor: each fault is found, with what to do', { timeout: 12 * deadlineMs }, async () => {
  // Without an executor, and with a gateway that repairs nothing while it is stopped.
  await using broken = await startStack({ natsUrl: inject('natsUrl'), contract, handlers, executors: 0 });
  const { broker, namespace } = broken;
  await broken.tasks.numbers.count.start({ to: 1 });
  const unserved = await doctor(namespace);
  expect(unserved.findings).toContainEqual({
    check: 'queues',
    level: 'wrong',
    says: '1 task of numbers.count wait, and no executor serves it',
    advice: expect.stringContaining('EXECUTOR_TASKS'),
  });
  expect(unserved.code).toBe(1);

  await broken.tasks.$types.pause('numbers.count');
  expect((await doctor(namespace)).findings).toContainEqual(
    expect.objectContaining({
      check: 'queues',
      level: 'note',
      says: expect.stringContaining('numbers.count is paused'),
    }),
  );

  await Promise.all(broken.gateways.map(gateway => gateway.stop()));
  await broker.jsm.streams.update(broker.topology.eventStream, { max_age: 3_600_000_000_000 });
  await broker.jsm.streams.delete(broker.topology.limitBucketStream);
  await broker.jsm.consumers.delete(broker.topology.requestStream, 'schedules');
  const { findings, code } = await doctor(namespace);
  const wrong = findings.filter(({ level }) => level === 'wrong').map(({ says }) => says);
  expect(wrong).toEqual([
    `${broker.topology.limitBucketStream} is missing`,
    expect.stringContaining(`${broker.topology.eventStream} has max_age`),
    `the consumer schedules of ${broker.topology.requestStream} is missing`,
  ]);
  expect(findings).toContainEqual(expect.objectContaining({ check: 'gateway', level: 'note' }));
  expect(code).toBe(1);
  // A gateway brings it back.
  await broken.addGateway();
  expect(
    (await doctor(namespace)).findings.filter(({ check, level }) => check === 'streams' && level === 'wrong'),
  ).toEqual([]);
});

test('doctor: a task that waits for long', { timeout: 6 * deadlineMs }, async () => {
  await using busy = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers,
    executor: { concurrency: 1 },
  });
  const go = join(folder, 'never');
  for (let n = 0; n < 6; n += 1) await busy.tasks.code.edition.start({ go });
  const said = async () =>
    (await doctor(busy.namespace, ['--waiting', '1ms'])).findings.find(({ check }) => check === 'queues');
  await expect
    .poll(said)
    .toMatchObject({ level: 'note', says: expect.stringMatching(/code\.edition has waited for/) });
});

test('schedules: set, change, list, pause, run, delete', { timeout: 12 * deadlineMs }, async () => {
  const set = await cli([
    'schedules',
    'set',
    'nightly',
    'numbers.count',
    '--cron',
    '30 2 * * *',
    '--to',
    '3',
  ]);
  expect(set.stdout).toMatch(/^nightly {2}numbers\.count\n {2}\d{4}-\d\d-\d\dT02:30:00/);
  const changed = await cli(['schedules', 'set', 'nightly', 'numbers.count', '--every', '6h', '--json']);
  expect(JSON.parse(changed.stdout)).toMatchObject({ every: '6h', input: { to: 3 } });
  expect((await cli(['schedules', 'list'])).stdout).toMatch(/nightly +numbers\.count +every 6h/);
  expect((await cli(['schedules', 'pause', 'nightly'])).stdout).toContain('paused');
  const id = (await cli(['schedules', 'run', 'nightly'])).stdout.trim();
  expect(JSON.parse((await cli(['result', id])).stdout)).toEqual({ sum: 6, names: [] });
  expect((await cli(['schedules', 'resume', 'nightly'])).stdout).not.toContain('paused');
  expect((await cli(['schedules', 'delete', 'nightly'])).stdout).toContain('is deleted');
  const gone = await cli(['schedules', 'get', 'nightly']);
  expect([gone.code, gone.stderr]).toEqual([3, expect.stringContaining('SCHEDULE_NOT_FOUND')]);
  const neither = await cli(['schedules', 'set', 'x', 'numbers.count', '--to', '3']);
  expect([neither.code, neither.stderr]).toEqual([2, expect.stringContaining('--cron')]);
});

test('replay starts the failed tasks again, each once', { timeout: 8 * deadlineMs }, async () => {
  const inputs = [2, 2, 2].map(failAt => ({ input: { to: 3, failAt } }));
  const started = await stack.tasks.numbers.count.startMany(inputs);
  const ids = started.map(each => (each.ok ? each.task.id : ''));
  for (const id of ids) await stack.tasks.numbers.count.handle(id).outcome();
  const filter = [
    '--type',
    'numbers.count',
    '--code',
    'TOO_FAR',
    '--until',
    new Date(Date.now() + 1_000).toISOString(),
  ];
  const dry = async () => {
    const { stdout } = await cli(['replay', ...filter, '--dry-run', '--json']);
    return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id).sort();
  };
  // Lists are written a moment after what they tell of.
  await expect.poll(dry).toEqual([...ids].sort());
  const replayed = await cli(['replay', ...filter, '--json']);
  const first = JSON.parse(replayed.stdout) as { retryOf: string; id: string }[];
  expect(first.map(({ retryOf }) => retryOf).sort()).toEqual([...ids].sort());
  for (const { id } of first) await stack.tasks.numbers.count.handle(id).outcome();
  // Again: what failed first has its successor already. Those failed as well, and are tasks of their own.
  const again = JSON.parse((await cli(['replay', ...filter, '--json'])).stdout) as typeof first;
  expect(
    again
      .filter(({ retryOf }) => ids.includes(retryOf))
      .map(({ id }) => id)
      .sort(),
  ).toEqual(first.map(({ id }) => id).sort());
  expect((await cli(['replay', '--code', 'NO_SUCH'])).stderr).toContain('0 of 0');
});

test('keys are made, work, and are revoked; help is no mistake', { timeout: 8 * deadlineMs }, async () => {
  const file = join(folder, 'keys.json');
  const made = await cli(['keys', 'create', '--file', file, '--owner', 'ann', '--note', 'a laptop']);
  const key = made.stdout.trim();
  expect(key).toMatch(/^lh_/);
  const guarded = await stack.addGateway({ apiKeysFile: file });
  const env = { LONGHAUL_URL: guarded.url };
  const refused = await runCli(['list'], { env });
  expect([refused.code, refused.stderr]).toEqual([
    4,
    expect.stringMatching(/UNAUTHENTICATED.*--api-key-file/s),
  ]);
  expect((await runCli(['list'], { env: { ...env, LONGHAUL_API_KEY: key } })).code).toBe(0);
  const forbidden = await runCli(['types', 'pause', 'numbers.count'], {
    env: { ...env, LONGHAUL_API_KEY: key },
  });
  expect([forbidden.code, forbidden.stderr]).toEqual([4, expect.stringContaining('FORBIDDEN')]);
  const listed = JSON.parse((await cli(['keys', 'list', '--file', file, '--json'])).stdout) as {
    id: string;
  }[];
  expect(listed).toMatchObject([{ owner: 'ann', role: 'user', note: 'a laptop' }]);
  expect((await cli(['keys', 'revoke', listed[0]?.id ?? '', '--file', file])).code).toBe(0);
  expect(JSON.parse((await cli(['keys', 'list', '--file', file, '--json'])).stdout)).toEqual([]);
  for (const args of [
    ['keys', 'create', '--help'],
    ['keys', '--help'],
  ])
    expect((await cli(args)).code).toBe(0);
  expect((await cli(['keys', 'create', '--owner', 'ann', '--days', '-1', '--file', file])).code).toBe(2);
});

test('completion: bash asks the program; the configuration of NATS is printed', {
  timeout: 6 * deadlineMs,
}, async () => {
  const script = `
    longhaul() { '${process.execPath}' '${bin}' "$@"; }
    source <(longhaul completion bash)
    # What the package bash-completion and a prompt bring.
    _get_comp_words_by_ref() { cur="\${COMP_WORDS[COMP_CWORD]}"; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
    compopt() { :; }
    COMP_WORDS=(longhaul schedules pau); COMP_CWORD=2; COMP_LINE="longhaul schedules pau"; COMP_POINT=\${#COMP_LINE}
    __longhaul_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  expect((await promisify(execFile)('bash', ['-c', script])).stdout.trim()).toMatch(/^pause/);
  for (const shell of ['zsh', 'fish'])
    expect((await cli(['completion', shell])).stdout).toContain('longhaul');
  expect((await cli(['nats-config', 'mine'])).stdout).toContain('mine.request.>');
});
