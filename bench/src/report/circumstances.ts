import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { locateNatsServer } from '@longhaul/nats-server';
import { z } from 'zod';
import { redisVersion } from '../systems/bullmq/redisServer.ts';

const packageSchema = z.object({ version: z.string() });
const measuredPackages = ['bullmq', 'ioredis', 'fastify', '@trpc/server'];

/** When, on what and with which versions was measured: the lines that stand below the table. */
export async function circumstances(): Promise<string> {
  const [processor] = cpus();
  const nats = await locateNatsServer({});
  const packages = await Promise.all(measuredPackages.map(async name => `${name} ${await versionOf(name)}`));
  return [
    `- Date: ${new Date().toISOString().slice(0, 10)}. Commit: ${await commit()}.`,
    `- Hardware: ${cpus().length} × ${processor?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 1e9)} GB, ${platform()} ${arch()}; load average when it began: ${loadavg()[0]?.toFixed(1)}.`,
    `- Versions: Node.js ${process.versions.node}, nats-server ${nats.version}, redis-server ${await redisVersion()}, ${packages.join(', ')}.`,
  ].join('\n');
}

async function versionOf(name: string): Promise<string> {
  const file = findPackageJSON(name, import.meta.url);
  if (file === undefined) throw new Error(`The package ${name} is not installed.`);
  return packageSchema.parse(JSON.parse(await readFile(file, 'utf8'))).version;
}

async function commit(): Promise<string> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', args)).stdout.trim();
  try {
    const changed = (await git('status', '--porcelain', '--', 'packages', 'services')) !== '';
    return `${await git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
  } catch {
    return 'unknown';
  }
}
