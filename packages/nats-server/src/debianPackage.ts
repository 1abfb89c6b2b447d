import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { readAptSources, sourcesEntryFor } from './aptSources.ts';
import { firstLineOf, NatsServerError } from './errors.ts';
import type { WayContext } from './wayToGet.ts';

/** Debian's names for the suites that follow the releases, newest last; both outlive any release's own name. */
const newestSuites = ['testing', 'unstable'] as const;

/** An index of 10 MB and a package of 5 MB on a slow line. */
const aptTimeoutMs = 180_000;

/**
 * Debian's own package from its newest suite, with apt's own tools and the machine's mirror and keyring, in a
 * folder of ours: nothing of the system changes, and no rights are needed. apt checks the signatures.
 *
 * @throws NatsServerError `NATS_SERVER_CHECKSUM_MISMATCH`
 */
export async function getDebianPackage(context: WayContext, etc = '/etc'): Promise<string> {
  const release = await readFile(join(etc, 'os-release'), 'utf8').catch(() => '');
  if (!/^ID="?debian"?$/m.test(release)) throw new Error('this machine does not run Debian');
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
  const source = (await readAptSources(join(etc, 'apt'))).find(
    ({ suites }) => codename !== undefined && suites.includes(codename),
  );
  if (source === undefined) throw new Error(`no entry for ${codename ?? 'this release'} in apt's sources`);

  const answers: string[] = [];
  for (const suite of newestSuites) {
    try {
      context.say(`fetching Debian's nats-server (${suite}) with apt-get into a folder of its own`);
      return await fetchFrom(suite, sourcesEntryFor(source, suite), context);
    } catch (error) {
      if (error instanceof NatsServerError) throw error;
      answers.push(`${suite}: ${firstLineOf(error)}`);
    }
  }
  throw new Error(answers.join('; '));
}

async function fetchFrom(suite: string, sourcesEntry: string, context: WayContext): Promise<string> {
  const { workDir, say } = context;
  const root = join(workDir, suite);
  await mkdir(join(root, 'lists/partial'), { recursive: true });
  await mkdir(join(root, 'archives/partial'), { recursive: true });
  await writeFile(join(root, 'longhaul.sources'), sourcesEntry);
  await writeFile(join(root, 'status'), '');

  const updated = await apt(root, ['update'], context);
  let dated: string[] = [];
  if (updated.failed) {
    if (!/Release file .*is expired|Valid-Until/.test(updated.said))
      throw failure('apt-get update', updated.said);
    say("the mirror's index is past its Valid-Until date; taking it all the same (its signature is checked)");
    dated = ['-o', 'Acquire::Check-Valid-Until=false'];
    const again = await apt(root, [...dated, 'update'], context);
    if (again.failed) throw failure('apt-get update', again.said);
  }
  const downloaded = await apt(root, [...dated, 'download', 'nats-server'], context);
  if (downloaded.failed) throw failure('apt-get download nats-server', downloaded.said);
  const archive = (await readdir(root)).find(name => name.endsWith('.deb'));
  if (archive === undefined) throw failure('apt-get download nats-server', downloaded.said);
  await execa('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: root, env: context.env, extendEnv: false });
  // A server for administrators: Debian keeps it out of ordinary users' PATH.
  return join(root, 'unpacked/usr/sbin/nats-server');
}

/** Every folder that apt would read or write, moved into ours; none of the system's is touched. */
async function apt(root: string, command: string[], { env }: WayContext) {
  const settings = [
    `Dir::State=${root}`,
    `Dir::State::Lists=${root}/lists`,
    `Dir::State::status=${root}/status`,
    `Dir::Etc::SourceList=${root}/longhaul.sources`,
    'Dir::Etc::SourceParts=/dev/null',
    'Dir::Etc::Preferences=/dev/null',
    'Dir::Etc::PreferencesParts=/dev/null',
    `Dir::Cache=${root}`,
    `Dir::Cache::Archives=${root}/archives`,
    'Dir::Cache::pkgcache=',
    'Dir::Cache::srcpkgcache=',
    // The folder is private, so apt's unprivileged user could not write into it.
    'APT::Sandbox::User=',
    // Hooks of the system (docker-clean and the like) work on the system's folders.
    'APT::Update::Post-Invoke=',
    'Acquire::Languages=none',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=10',
    'Acquire::https::Timeout=10',
  ];
  const result = await execa('apt-get', ['-q', ...settings.flatMap(setting => ['-o', setting]), ...command], {
    cwd: root,
    env: { ...env, LC_ALL: 'C' },
    extendEnv: false,
    all: true,
    reject: false,
    timeout: aptTimeoutMs,
  });
  return { failed: result.failed, said: result.all ?? String(result.originalMessage ?? '') };
}

function failure(what: string, said: string): Error {
  const complaints = said.split('\n').filter(line => /^[EW]: /.test(line));
  const answer = `${what}: ${complaints[0] ?? said.trim().split('\n').at(-1) ?? 'it said nothing'}`;
  if (/hash sum mismatch|BADSIG|signatures? (were|was|is) invalid/i.test(said)) {
    return new NatsServerError(
      'NATS_SERVER_CHECKSUM_MISMATCH',
      `Debian's package or its index is not what was signed. ${answer}`,
    );
  }
  return new Error(answer);
}
