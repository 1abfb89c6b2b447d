// Runs a script of this repository on a machine that has only Node.js >= 20 and npm:
//
//   node scripts/bootstrap.mjs scripts/start.ts [arguments]
//
// Installs what is missing (pnpm through npx, all packages, and Node 24 as one of them) into node_modules, nothing
// globally, and then runs the script with that Node. When nothing has changed since the last time it only compares
// a digest. Plain JavaScript without dependencies, because this is what runs before anything is installed.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pnpmVersion = '12.21.0';
const oldestOwnNode = 20;
const oldestTargetNode = 24;

/** npm and a terminal both pass on Ctrl-C; the same signal again within this time is the same key press. */
const sameKeyPressMs = 500;

const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.longhaul-installed');
const windows = process.platform === 'win32';
const workspaceNode = join(modules, 'node', 'bin', windows ? 'node.exe' : 'node');

/** Folders with a package.json of their own, in a fixed order. */
function packageFolders() {
  const members = ['packages', 'services'].flatMap(group =>
    existsSync(join(root, group)) ? readdirSync(join(root, group)).map(name => join(root, group, name)) : [],
  );
  return [root, ...members.sort()].filter(folder => existsSync(join(folder, 'package.json')));
}

/** Changes whenever an install would have something to do. */
function wantedStamp() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} pnpm ${pnpmVersion}\n`);
  const manifests = packageFolders().map(folder => join(folder, 'package.json'));
  for (const file of [join(root, 'pnpm-lock.yaml'), join(root, 'pnpm-workspace.yaml'), ...manifests]) {
    hash.update(`${file.slice(root.length)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function installedStamp() {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return undefined;
  }
}

/** Major version of the workspace's Node; undefined when it is missing or does not run here. */
function workspaceNodeMajor() {
  const { stdout } = spawnSync(workspaceNode, ['--version'], { encoding: 'utf8' });
  const major = /^v(\d+)\./.exec(stdout ?? '')?.[1];
  return major === undefined ? undefined : Number(major);
}

/** Whether the last install is the one wanted, and came to its end. */
function isInstalled() {
  return installedStamp() === wantedStamp() && (workspaceNodeMajor() ?? 0) >= oldestTargetNode;
}

/** Runs pnpm's install; true when it succeeded. */
async function pnpmInstall() {
  const env = { ...process.env };
  // With NODE_ENV=production the development dependencies would be left out, and Node 24 is one of them.
  delete env.NODE_ENV;
  const options = ['--frozen-lockfile', '--config.confirm-modules-purge=false'];
  // Packages say which Node they need: what counts is the one that will run them, not the one that runs pnpm.
  const nodeVersion = /^ {2}node: (\S+)$/m.exec(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'))?.[1];
  if (nodeVersion !== undefined) options.push(`--config.node-version=${nodeVersion}`);
  const npx = spawn('npx', ['-y', `pnpm@${pnpmVersion}`, 'install', ...options], {
    cwd: root,
    stdio: 'inherit',
    env,
    shell: windows,
    detached: !windows,
  });
  // npx, a shell and pnpm: the whole group gets the signal, or an install would continue unseen.
  const { code, passed } = await ended(npx, name =>
    windows ? npx.kill(name) : process.kill(-npx.pid, name),
  );
  // npx turns a signal into an exit code; after Ctrl-C there must be no second attempt.
  if (code !== 0 && passed !== undefined) await endLike(passed);
  return code === 0 && (workspaceNodeMajor() ?? 0) >= oldestTargetNode;
}

async function install() {
  say(`installing packages with pnpm ${pnpmVersion} (once, into node_modules)`);
  // Without a stamp an interrupted install is seen as one.
  rmSync(stampFile, { force: true });
  if (!(await pnpmInstall())) {
    say('that did not work; once more from an empty node_modules');
    for (const folder of packageFolders()) {
      rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
    }
    if (!(await pnpmInstall())) {
      const major = workspaceNodeMajor();
      fail(
        major === undefined || major >= oldestTargetNode
          ? 'the packages could not be installed; what pnpm wrote above says why (is the npm registry reachable?)'
          : `node_modules has Node ${major}, but ${oldestTargetNode} or newer is needed: its install script did not run`,
      );
    }
  }
  writeFileSync(stampFile, wantedStamp());
}

/** Runs the target and ends as it ends. */
async function run(target, args) {
  const env = { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(workspaceNode, [target, ...args], {
    cwd: root,
    stdio: 'inherit',
    env,
    detached: !windows,
  });
  const { code, signal } = await ended(child, name => child.kill(name));
  if (signal !== null) await endLike(signal);
  process.exitCode = code ?? 1;
}

/**
 * Waits for a child that leads a process group of its own. Ctrl-C thus reaches it once: from here, and not from the
 * terminal as well.
 */
function ended(child, pass) {
  const lastPassed = new Map();
  const forward = signal => {
    const now = performance.now();
    if (now - (lastPassed.get(signal) ?? Number.NEGATIVE_INFINITY) < sameKeyPressMs) return;
    lastPassed.set(signal, now);
    pass(signal);
  };
  for (const signal of forwardedSignals) process.on(signal, forward);
  return new Promise(resolve => {
    child.once('error', error => fail(`${child.spawnfile} does not run: ${error.message}`));
    child.once('exit', (code, signal) => {
      for (const name of forwardedSignals) process.off(name, forward);
      resolve({ code, signal, passed: [...lastPassed.keys()].at(-1) });
    });
  });
}

/** The process that started this sees the end that its child had. Does not return. */
function endLike(signal) {
  process.kill(process.pid, signal);
  return new Promise(() => setTimeout(() => process.exit(1), 1000));
}

function say(line) {
  process.stderr.write(`longhaul: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}

const [target, ...args] = process.argv.slice(2);
if (target === undefined) fail('usage: node scripts/bootstrap.mjs <script> [arguments]');
if (Number(process.versions.node.split('.')[0]) < oldestOwnNode) {
  fail(
    `this is Node ${process.versions.node}; Node ${oldestOwnNode} or newer is needed to begin (https://nodejs.org)`,
  );
}
if (!isInstalled()) await install();
await run(target, args);
