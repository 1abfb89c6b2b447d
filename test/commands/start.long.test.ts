import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { deadlineMs, within } from '@longhaul/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** `npm start` without npm: what the bootstrap runs. */
function startCommand(dataDir: string, env: NodeJS.ProcessEnv = {}) {
  const { NATS_URL: _given, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(root, 'scripts/start.ts')], {
    env: { ...inherited, PORT: '0', LONGHAUL_DATA: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const line = (fits: RegExp) =>
    within(
      `a line like ${fits} (so far: ${lines.join(' / ')})`,
      new Promise<string>(resolve => {
        const already = lines.find(known => fits.test(known));
        if (already) resolve(already);
        reader.on('line', text => fits.test(text) && resolve(text));
      }),
      2 * deadlineMs,
    );
  reader.on('line', text => lines.push(text));
  return { child, lines, line };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  await within('the end of npm start', exited);
  return child.exitCode;
}

// One test starts and stops two systems, each within a deadline of its own.
describe('npm start', { timeout: 6 * deadlineMs }, () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'longhaul-start-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('runs a real task, serves, and stops everything on Ctrl-C; its data is there the next time', async () => {
    const first = startCommand(dataDir);
    await first.line(/^Ctrl-C stops everything/);
    const url = first.lines.find(line => line.startsWith('gateway'))?.match(/http:\S+/)?.[0];
    expect(first.lines.join('\n')).toMatch(/100 %.*Analyzed/);
    expect(first.lines.join('\n')).toContain('createClient<typeof sampleContract>({ url })');
    const listed = await fetch(`${url}/trpc/tasks.list?input=%7B%7D`);
    expect(await listed.json()).toMatchObject({
      result: { data: { tasks: [{ name: 'document.analyze' }] } },
    });
    expect(first.lines).toContain(`console   ${url}`);
    expect(await (await fetch(`${url}/tasks`)).text()).toContain('<div id="root"></div>');
    const natsUrl = first.lines.find(line => line.startsWith('NATS'))?.match(/nats:\S+/)?.[0] ?? '';
    expect(await end(first.child, 'SIGINT')).toBe(0);
    expect(first.lines.at(-1)).toBe('Stopped.');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    await expect(fetch(natsUrl.replace('nats:', 'http:'))).rejects.toThrow();

    const second = startCommand(dataDir);
    await second.line(/^Ctrl-C stops everything/);
    const secondUrl = second.lines.find(line => line.startsWith('gateway'))?.match(/http:\S+/)?.[0];
    const again = await (await fetch(`${secondUrl}/trpc/tasks.list?input=%7B%7D`)).json();
    expect((again as { result: { data: { tasks: unknown[] } } }).result.data.tasks).toHaveLength(2);
    expect(await end(second.child, 'SIGTERM')).toBe(0);
  });

  it('starts another executor when one is killed', async () => {
    const { child, line } = startCommand(dataDir);
    await line(/^Ctrl-C stops everything/);
    const pid = Number((await line(/^executor/)).match(/-(\d+)-[0-9a-f]{6}$/)?.[1]);
    process.kill(pid, 'SIGKILL');
    await line(/^The executor ended \(SIGKILL\); starting another/);
    expect(await end(child, 'SIGINT')).toBe(0);
  });

  it('says which port is taken, and ends', async () => {
    const holder = startCommand(dataDir);
    const port = (await holder.line(/^gateway/)).match(/:(\d+) /)?.[1] ?? '';
    const other = await mkdtemp(join(tmpdir(), 'longhaul-start-'));
    const refused = startCommand(other, { PORT: port });
    await refused.line(/Another process listens at/);
    await within(
      'its end',
      refused.child.exitCode === null ? once(refused.child, 'exit') : Promise.resolve([]),
    );
    expect(refused.child.exitCode).toBe(1);
    await rm(other, { recursive: true, force: true });
    expect(await end(holder.child, 'SIGINT')).toBe(0);
  });
});
