import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { NatsServerError } from './errors.ts';

/** Which server uses a data folder; written beside its data while it runs. */
const ownerFileName = 'nats-server.pid';

/**
 * Makes the folder and refuses it while another nats-server works in it: nats-server itself takes no lock, and
 * two of them on the same files destroy the streams.
 *
 * @throws NatsServerError `NATS_SERVER_DATA_IN_USE`
 */
export async function prepareDataFolder(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const ownerFile = join(dataDir, ownerFileName);
  const pid = Number(await readFile(ownerFile, 'utf8').catch(() => ''));
  if (pid > 0 && (await usesFolder(pid, dataDir))) {
    throw new NatsServerError(
      'NATS_SERVER_DATA_IN_USE',
      `another nats-server (process ${pid}) uses the data in ${dataDir}. Stop the program that started it, or choose another data folder.`,
    );
  }
}

/** Notes that the process uses the folder. */
export async function claimDataFolder(dataDir: string, pid: number): Promise<void> {
  await writeFile(join(dataDir, ownerFileName), `${pid}\n`);
}

/** Takes the note away after the server has ended. */
export async function releaseDataFolder(dataDir: string): Promise<void> {
  await rm(join(dataDir, ownerFileName), { force: true });
}

/** A process id may have passed to another program since, so the command line has to name the folder too. */
async function usesFolder(pid: number, dataDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const commandLine = await commandLineOf(pid);
  return commandLine === undefined || commandLine.includes(dataDir);
}

async function commandLineOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  }
  if (process.platform === 'win32') return undefined;
  const listed = await execa('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { reject: false });
  return listed.stdout;
}
