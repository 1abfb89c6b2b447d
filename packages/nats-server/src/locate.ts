import { access, constants, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { getDebianPackage } from './debianPackage.ts';
import { downloadRelease } from './download.ts';
import { firstLineOf, NatsServerError } from './errors.ts';
import { goInstall } from './goInstall.ts';
import { binaryName, defaultCacheDir, putIntoCache } from './projectCache.ts';
import { isRecentEnough, minimumNatsServerVersion, readBinaryVersion } from './version.ts';
import type { WayToGet } from './wayToGet.ts';

/** In the order in which they are tried. */
export const defaultWays: readonly WayToGet[] = [
  { name: 'GitHub release', get: context => downloadRelease(context) },
  { name: 'go install', get: goInstall },
  { name: 'Debian package', get: context => getDebianPackage(context) },
];

/** Options of {@link locateNatsServer}. */
export interface LocateOptions {
  /** Gets a line about what is being done. Default: silence. */
  say?: (line: string) => void;
  /** Where a fetched binary is kept. Default: `LONGHAUL_CACHE`, else `longhaul/bin` in the user's cache folder. */
  cacheDir?: string;
  /** Read instead of `process.env`: `NATS_SERVER_BIN`, `PATH`, `LONGHAUL_CACHE`. */
  env?: NodeJS.ProcessEnv;
  /** How to get one when there is none; the order counts. Default: release archive, `go install`, Debian. */
  ways?: readonly WayToGet[];
}

/** A nats-server that was found, or fetched. */
export interface LocatedNatsServer {
  /** Absolute path of the program. */
  path: string;
  /** Such as `2.15.1`; never older than the minimum. */
  version: string;
  /** Where it came from: `NATS_SERVER_BIN`, `PATH`, `cache`, or the name of the way that got it. */
  source: string;
}

/**
 * Finds a nats-server that is recent enough: `NATS_SERVER_BIN`, then `PATH`, then the project's cache; else gets
 * one into the cache. Nothing outside the cache changes.
 *
 * @throws NatsServerError `NATS_SERVER_TOO_OLD` or `NATS_SERVER_NOT_RUNNABLE` for `NATS_SERVER_BIN`,
 * `NATS_SERVER_CHECKSUM_MISMATCH`, and `NATS_SERVER_UNAVAILABLE` with every way and what it answered.
 */
export async function locateNatsServer(options: LocateOptions = {}): Promise<LocatedNatsServer> {
  const { say = () => {}, env = process.env, ways = defaultWays } = options;
  const cacheDir = options.cacheDir ?? defaultCacheDir(env);

  if (env.NATS_SERVER_BIN) return { ...(await accept(env.NATS_SERVER_BIN)), source: 'NATS_SERVER_BIN' };
  for (const { path, source } of await candidates(env, cacheDir)) {
    try {
      return { ...(await accept(path)), source };
    } catch (error) {
      say(`passing over a nats-server (${source}): ${firstLineOf(error)}`);
    }
  }
  return await getOne(ways, { cacheDir, env, say });
}

/** Whether this binary runs here and is recent enough. */
async function accept(path: string): Promise<{ path: string; version: string }> {
  const version = await readBinaryVersion(path);
  if (isRecentEnough(version)) return { path, version };
  throw new NatsServerError(
    'NATS_SERVER_TOO_OLD',
    `${path} is nats-server ${version}; Longhaul needs ${minimumNatsServerVersion} or newer. Name a newer one in NATS_SERVER_BIN, or unset it to have one fetched.`,
  );
}

async function candidates(env: NodeJS.ProcessEnv, cacheDir: string) {
  const folders = (env.PATH ?? '').split(delimiter).filter(folder => folder !== '');
  const places = [
    ...folders.map(folder => ({ folder, source: 'PATH' })),
    { folder: cacheDir, source: 'cache' },
  ];
  const there: { path: string; source: string }[] = [];
  for (const { folder, source } of places) {
    const path = join(folder, binaryName);
    if (await isProgram(path)) there.push({ path, source });
  }
  return there;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function getOne(
  ways: readonly WayToGet[],
  { cacheDir, env, say }: { cacheDir: string; env: NodeJS.ProcessEnv; say: (line: string) => void },
): Promise<LocatedNatsServer> {
  say(`no nats-server ${minimumNatsServerVersion} or newer here: getting one into ${cacheDir}`);
  const answers: string[] = [];
  for (const way of ways) {
    const workDir = await mkdtemp(join(tmpdir(), 'longhaul-nats-'));
    try {
      const got = await accept(await way.get({ workDir, env, say }));
      const path = await putIntoCache(cacheDir, got.path);
      say(`nats-server ${got.version} is in ${path} (${way.name})`);
      return { path, version: got.version, source: way.name };
    } catch (error) {
      if (error instanceof NatsServerError && error.code === 'NATS_SERVER_CHECKSUM_MISMATCH') throw error;
      answers.push(`  ${way.name}: ${firstLineOf(error)}`);
      say(`${way.name}: ${firstLineOf(error)}`);
    } finally {
      await rm(workDir, { recursive: true, force: true });
    }
  }
  throw new NatsServerError('NATS_SERVER_UNAVAILABLE', unavailable(answers, cacheDir));
}

function unavailable(answers: string[], cacheDir: string): string {
  return [
    `no nats-server ${minimumNatsServerVersion} or newer was found or fetched. What was tried:`,
    '  NATS_SERVER_BIN: not set',
    '  PATH: none that is recent enough',
    `  ${cacheDir}: none that runs here`,
    ...answers,
    'Install one (https://nats.io/download) and put it on the PATH or name it in NATS_SERVER_BIN,',
    'or set NATS_URL to a server that runs already.',
  ].join('\n');
}
