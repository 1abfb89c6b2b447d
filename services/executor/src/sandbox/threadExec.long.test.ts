import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadlineMs } from '@longhaul/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Act } from './fixtures/contract.ts';
import { openAct } from './fixtures/openAct.ts';

async function textOf(what: Act): Promise<string> {
  await using act = openAct();
  const { ending } = await act.call(what).ended;
  if (ending.kind !== 'completed') throw new Error(`It ended ${JSON.stringify(ending)}.`);
  return (ending.output as { text: string }).text;
}

/** Whether a process is there and not merely a zombie. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('exec in a thread', () => {
  it('gives lines as they come, and how the child ended', async () => {
    expect(JSON.parse(await textOf('exec'))).toEqual({
      result: { exitCode: 3, stdout: 'one\nthree', stderr: 'two', truncated: false },
      lines: ['stderr:two', 'stdout:one', 'stdout:three'],
    });
  });

  it('fails as elsewhere where there is no such command', async () => {
    expect(await textOf('execMissing')).toBe('ExecError COMMAND_NOT_FOUND');
  });

  it('loses no line of a child that writes much', async () => {
    expect(await textOf('execMany')).toBe('0 200000');
  });

  it('ends the child at a signal of its own, and when a line listener throws', async () => {
    expect(await textOf('execLimit')).toBe('TimeoutError');
    expect(await textOf('execBrokenLine')).toBe('RangeError this line breaks the handler');
  });

  it('throws what a line listener throws, also where the command has ended by then', async () => {
    expect(await textOf('execBrokenLate')).toBe('RangeError this line breaks the handler');
  });

  it('ends the whole process group with a thread that is ended, also where it ignores SIGTERM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'longhaul-sandbox-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'pids');
    await using act = openAct();
    const blocked = Promise.withResolvers<void>();
    const call = act.call('execBlocked', {
      file,
      onTold: ({ message }) => message === 'blocked' && blocked.resolve(),
    });
    await blocked.promise;
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    expect(pids.map(runs)).toEqual([true, true]);
    call.abort();
    expect((await call.ended).ending).toEqual({ kind: 'canceled', handlerStillRunning: false });
    await vi.waitFor(() => expect(pids.map(runs)).toEqual([false, false]), { timeout: deadlineMs });
  });

  it('leaves no child behind that the handler did not wait for', async () => {
    const pid = Number(await textOf('execUnawaited'));
    expect(pid).toBeGreaterThan(0);
    await vi.waitFor(() => expect(runs(pid)).toBe(false), { timeout: deadlineMs });
  });
});
