import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@longhaul/client';
import { deadlineMs, within } from '@longhaul/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { contract } from '../fixtures/project/contract.ts';
import { copyProject, followCli, type RunningCli, runCli } from '../fixtures/runCli.ts';

let project: Awaited<ReturnType<typeof copyProject>>;
let dev: RunningCli | undefined;
beforeEach(async () => {
  project = await copyProject();
});
afterEach(async () => {
  await dev?.end('SIGTERM');
  dev = undefined;
  await project.remove();
});

async function startDev(): Promise<{ running: RunningCli; url: string; natsUrl: string }> {
  const running = followCli(['dev', '--port', '0'], { cwd: project.folder });
  dev = running;
  await running.line(/^Ready\./);
  const address = (name: string) =>
    running.lines
      .find(line => line.startsWith(`${name} `) && /:\/\/127/.test(line) && !/ INFO| WARN/.test(line))
      ?.match(/\w+:\/\/[\d.:]+/)?.[0] ?? '';
  return { running, url: address('gateway'), natsUrl: address('NATS') };
}

const edit = (edition: string) => writeFile(join(project.folder, 'edition.ts'), edition);

test('a change hands a running task over to the new code, code that cannot be loaded replaces nothing, and Ctrl-C ends everything', {
  timeout: 6 * deadlineMs,
}, async () => {
  const { running, url, natsUrl } = await startDev();
  const client = createClient<typeof contract>({ url });
  const go = join(project.folder, 'go');
  const task = await client.code.edition.start({ go });
  const startedTwice = async () => {
    for await (const event of task.events()) if (event.type === 'started' && event.attempt === 2) return;
  };
  const again = startedTwice();
  await within('the start', firstStart(task.events()));

  let before = running.lines.length;
  await edit("export const edition = 'second';\n");
  await running.line(/^edition\.ts has changed/, before);
  await running.line(/^The executor runs the new code/, before);
  await within('the second attempt', again);
  // The gateway runs none of that code.
  expect(running.lines.slice(before).join('\n')).not.toContain('The gateway');
  await writeFile(go, '');
  expect(await task.result()).toBe('second');
  expect((await task.record()).failures).toBe(0);

  before = running.lines.length;
  await edit('export const edition = ;\n');
  await running.line(/SyntaxError|Expression expected/, before);
  await running.line(/^The executor keeps the code of before: its code cannot be loaded/, before);
  expect(await (await client.code.edition.start({ go })).result()).toBe('second');

  before = running.lines.length;
  await edit("export const edition = 'third';\n");
  await running.line(/^The executor runs the new code/, before);
  expect(await (await client.code.edition.start({ go })).result()).toBe('third');

  // A contract is code of both. The gateway keeps its address.
  before = running.lines.length;
  await writeFile(
    join(project.folder, 'contract.ts'),
    `${await contractText()}\nexport const changed = true;\n`,
  );
  await running.line(/^The gateway runs the new code/, before);
  await running.line(/^The executor runs the new code/, before);
  expect((await runCli(['list', '--url', url, '--json'])).code).toBe(0);

  expect(await running.end('SIGINT')).toBe(0);
  expect(running.lines.at(-1)).toBe('Stopped.');
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  await expect(fetch(natsUrl.replace('nats:', 'http:'))).rejects.toThrow();
});

test('an executor that is killed has a successor; the data is there the next time', {
  timeout: 6 * deadlineMs,
}, async () => {
  const first = await startDev();
  const sum = await runCli(['run', 'numbers.count', '--to', '3', '--json', '--url', first.url]);
  expect(JSON.parse(sum.stdout)).toMatchObject({ status: 'COMPLETED', output: { sum: 6 } });
  const pid = Number((await first.running.line(/^executor {2}\S+-\d+-[0-9a-f]{6}$/)).match(/-(\d+)-/)?.[1]);
  process.kill(pid, 'SIGKILL');
  await first.running.line(/^The executor ended \(SIGKILL\); starting another/);
  expect(await first.running.end('SIGTERM')).toBe(0);

  const second = await startDev();
  const listed = async () =>
    JSON.parse((await runCli(['list', '--json', '--url', second.url])).stdout) as unknown;
  await expect.poll(listed).toMatchObject([{ name: 'numbers.count', status: 'COMPLETED' }]);
});

test('services end when the process that runs them is killed', { timeout: 4 * deadlineMs }, async () => {
  const { running, url } = await startDev();
  const pid = Number((await running.line(/^executor {2}\S+-\d+-[0-9a-f]{6}$/)).match(/-(\d+)-/)?.[1]);
  running.child.kill('SIGKILL');
  await expect.poll(() => isAlive(pid)).toBe(false);
  await expect
    .poll(() =>
      fetch(`${url}/healthz`).then(
        () => 'served',
        () => 'ended',
      ),
    )
    .toBe('ended');
});

async function contractText(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(join(project.folder, 'contract.ts'), 'utf8');
}

async function firstStart(
  events: AsyncIterable<{ readonly type: string; readonly record?: { status: string } }>,
) {
  for await (const event of events) {
    if (event.type === 'started' || event.record?.status === 'RUNNING') return;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
