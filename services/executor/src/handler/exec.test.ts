import { readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './exec.ts';
import { ExecError } from './execTypes.ts';

const never = new AbortController().signal;
const node = process.execPath;

/** Whether a process still runs code: a zombie that nobody has reaped yet does not. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

/** SIGKILL is delivered when the kernel gets to it: asks until the process is gone. */
const expectGone = (pid: number) =>
  expect.poll(() => runs(pid), { interval: 5, timeout: 30_000 }).toBe(false);

/** Runs a script that writes process ids, aborts once `count` of them are known, and says how it ended. */
async function abortAfterPids(command: string, args: readonly string[], count: number, killAfterMs: number) {
  const abort = new AbortController();
  const reason = new Error('canceled by the test');
  const pids: number[] = [];
  let abortedAt = 0;
  const run = runCommand(command, args, abort.signal, {
    killAfterMs,
    onLine: line => {
      pids.push(Number(line));
      if (pids.length < count) return;
      expect(pids.every(runs)).toBe(true);
      abortedAt = performance.now();
      abort.abort(reason);
    },
  });
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { pids, error, reason, tookMs: performance.now() - abortedAt };
}

describe('output', () => {
  it('streams the lines of both streams in order, and keeps them', async () => {
    const seen: string[] = [];
    const result = await runCommand(
      node,
      ['-e', `process.stdout.write('one\\r\\ntwo\\n\\nlast'); process.stderr.write('50%\\r100%\\n')`],
      never,
      { onLine: (line, stream) => seen.push(`${stream}: ${line}`) },
    );
    expect(seen.filter(line => line.startsWith('stdout'))).toEqual([
      'stdout: one',
      'stdout: two',
      'stdout: ',
      'stdout: last',
    ]);
    expect(seen.filter(line => line.startsWith('stderr'))).toEqual(['stderr: 50%', 'stderr: 100%']);
    expect(result).toEqual({
      exitCode: 0,
      stdout: 'one\ntwo\n\nlast',
      stderr: '50%\n100%',
      truncated: false,
    });
  });

  it('gives a line out before the child ends, and once where a break falls between two writes', async () => {
    const script = `process.stdout.write('ready\\r'); process.stdin.once('data', d => process.stdout.write('\\ngot ' + d))`;
    const seen: string[] = [];
    const result = await runCommand(node, ['-e', script], never, {
      input: 'word',
      onLine: line => seen.push(line),
    });
    expect(seen).toEqual(['ready', 'got word']);
    expect(result.stdout).toBe('ready\ngot word');
  });

  it('keeps a character that is cut by two chunks whole', async () => {
    const script = `process.stdout.write(Buffer.from([0xe2, 0x82]), () => setImmediate(() => process.stdout.write(Buffer.from([0xac, 10]))))`;
    expect((await runCommand(node, ['-e', script], never)).stdout).toBe('€');
  });

  it('keeps the beginning up to the limit and says that it cut', async () => {
    const script = `for (let i = 0; i < 1000; i++) console.log('0123456789')`;
    let lines = 0;
    const result = await runCommand(node, ['-e', script], never, {
      maxOutputChars: 25,
      onLine: () => {
        lines += 1;
      },
    });
    expect(result).toEqual({
      exitCode: 0,
      stdout: '0123456789\n0123456789\n012',
      stderr: '',
      truncated: true,
    });
    expect(lines).toBe(1000);
  });

  it('does not call output cut that fits exactly', async () => {
    const result = await runCommand(node, ['-e', `process.stdout.write('12345')`], never, {
      maxOutputChars: 5,
    });
    expect(result).toMatchObject({ stdout: '12345', truncated: false });
  });

  it('gives an endless line out in pieces instead of holding it', async () => {
    const lengths: number[] = [];
    await runCommand(node, ['-e', `process.stdout.write('x'.repeat(1_000_000))`], never, {
      maxOutputChars: 10,
      onLine: line => lengths.push(line.length),
    });
    expect(Math.max(...lengths)).toBeLessThanOrEqual(64 * 1024);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(1_000_000);
  });

  it('passes environment, folder and input on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'child-'));
    try {
      const script = `process.stdin.on('data', d => console.log(process.env.COLOUR, process.cwd(), String(d), !!process.env.PATH))`;
      const result = await runCommand(node, ['-e', script], never, {
        cwd: folder,
        env: { COLOUR: 'red' },
        input: 'text',
      });
      expect(result.stdout).toBe(`red ${await realpath(folder)} text true`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('ends', () => {
  it('resolves with the exit code, whatever it is', async () => {
    expect(await runCommand(node, ['-e', `console.error('no'); process.exit(3)`], never)).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: 'no',
      truncated: false,
    });
  });

  it('gives 128 + the number of the signal that ended the child', async () => {
    const result = await runCommand(node, ['-e', `process.kill(process.pid, 'SIGKILL')`], never);
    expect(result.exitCode).toBe(137);
  });

  it('says which command is not there', async () => {
    const error = await runCommand('no-such-command-here', [], never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ExecError);
    expect(error).toMatchObject({
      code: 'COMMAND_NOT_FOUND',
      message: expect.stringMatching(/"no-such-command-here"/),
    });
  });

  it('says why a command did not start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'child-'));
    try {
      const file = join(folder, 'not-executable');
      await writeFile(file, 'text', { mode: 0o600 });
      const error = await runCommand(file, [], never).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'COMMAND_FAILED_TO_START',
        message: expect.stringMatching(/EACCES/),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('ends the child when onLine throws, and rejects with that error', async () => {
    let pid = 0;
    const broken = new Error('the line is no good');
    const run = runCommand(node, ['-e', 'console.log(process.pid); setInterval(() => {}, 1e6)'], never, {
      onLine: line => {
        pid = Number(line);
        throw broken;
      },
    });
    await expect(run).rejects.toBe(broken);
    await expectGone(pid);
  });

  it('leaves no child of the child in the background', async () => {
    const { stdout } = await runCommand('sh', ['-c', 'sleep 1000 >/dev/null 2>&1 & echo $!'], never);
    await expectGone(Number(stdout));
  });
});

describe('abort', () => {
  let folder: string;
  let stubborn: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'child-'));
    stubborn = join(folder, 'stubborn.mjs');
    await writeFile(
      stubborn,
      `process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1e6);`,
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('starts nothing when the signal is already aborted', async () => {
    const reason = new Error('too late');
    const file = join(folder, 'made');
    await expect(runCommand('touch', [file], AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(realpath(file)).rejects.toThrow('ENOENT');
  });

  it('ends the whole group, grandchildren included, and rejects with the reason', async () => {
    const end = await abortAfterPids('sh', ['-c', 'sleep 1000 & echo $$; echo $!; wait'], 2, 10_000);
    expect(end.error).toBe(end.reason);
    expect(end.tookMs).toBeLessThan(1_000);
    for (const pid of end.pids) await expectGone(pid);
  });

  it('kills a child that ignores SIGTERM after killAfterMs', async () => {
    const end = await abortAfterPids(node, [stubborn], 1, 50);
    expect(end.error).toBe(end.reason);
    expect(end.tookMs).toBeGreaterThanOrEqual(45);
    expect(end.tookMs).toBeLessThan(2_000);
    for (const pid of end.pids) await expectGone(pid);
  });

  it('kills a grandchild that ignores SIGTERM though the child obeys it', async () => {
    const end = await abortAfterPids('sh', ['-c', `echo $$; "${node}" "${stubborn}" & wait`], 2, 50);
    expect(end.error).toBe(end.reason);
    for (const pid of end.pids) await expectGone(pid);
  });

  it('does not wait for a process that left the group and holds the pipe', async () => {
    const leave = `const { spawn } = require('node:child_process');
      const left = spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' }); console.log(left.pid); left.unref();
      setInterval(() => {}, 1e6);`;
    const end = await abortAfterPids(node, ['-e', leave], 1, 50);
    try {
      expect(end.error).toBe(end.reason);
      expect(end.tookMs).toBeLessThan(2_000);
      expect(end.pids.map(runs)).toEqual([true]);
    } finally {
      for (const pid of end.pids) process.kill(pid, 'SIGKILL');
    }
  });

  it("obeys a signal of its own without touching the task's", async () => {
    const run = runCommand(node, ['-e', 'setInterval(() => {}, 1e6)'], never, {
      signal: AbortSignal.timeout(100),
    });
    await expect(run).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(never.aborted).toBe(false);
  });
});
