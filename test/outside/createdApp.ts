import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { run } from '../../scripts/release/run.ts';

/**
 * From the first command to a task that has ended, with an empty cache. Two minutes are promised to a new user, and it says
 * how long it took; a machine with other work, and a slow network, may take longer without a fault of ours.
 */
const limitMs = 6 * 60_000;
const readyWithinMs = 3 * 60_000;

/**
 * Does what the README tells a new user: `npm create longhaul`, `npm run dev`, a task. Then the app's own checks.
 *
 * @param env without what belongs to this repository
 * @param registry has our packages, and knows where the others are
 * @throws Error that says what went wrong
 */
export async function tryCreatedApp(
  work: string,
  registry: string,
  given: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<void> {
  const parent = join(work, 'created');
  await mkdir(parent);
  const [gatewayPort, pagePort] = await freePorts(2);
  const env = {
    ...given,
    npm_config_registry: registry,
    npm_config_cache: join(work, 'created-cache'),
    npm_config_yes: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    PORT: String(gatewayPort),
    PAGE_PORT: String(pagePort),
    LONGHAUL_URL: `http://127.0.0.1:${gatewayPort}`,
  };
  const begun = performance.now();
  await run('npm', ['create', 'longhaul@latest', 'shop'], { cwd: parent, env });
  const app = join(parent, 'shop');
  const dev = await startDev(app, env);
  try {
    const ran = await run(
      'npx',
      ['longhaul', 'run', 'report.build', '--title', 'Tea', '--sections', '2', '--json'],
      {
        cwd: app,
        env,
      },
    );
    const tookMs = performance.now() - begun;
    if (!ran.includes('COMPLETED') || !ran.includes('# Tea')) throw new Error(`longhaul run printed ${ran}`);
    say(`npm create longhaul, npm run dev, a task: ${(tookMs / 1_000).toFixed(1)} s with a cold cache`);
    if (tookMs > limitMs) throw new Error(`That is more than ${limitMs / 1_000} s.`);
    const page = await (await fetch(`http://127.0.0.1:${pagePort}/`)).text();
    if (!page.includes('<title>Reports</title>')) throw new Error(`The page is ${page}`);
    const list = await (await fetch(`http://127.0.0.1:${pagePort}/trpc/tasks.list?input=%7B%7D`)).text();
    if (!list.includes('report.build')) throw new Error(`The page reaches no gateway: ${list}`);
    const console = await (await fetch(`http://127.0.0.1:${gatewayPort}/`)).text();
    if (!console.includes('<div id="root">')) throw new Error(`The console is ${console}`);
    const client = await run('npm', ['run', '-s', 'client', 'Coffee'], { cwd: app, env });
    if (!client.includes('# Coffee')) throw new Error(`npm run client printed ${client}`);
    say('its page, its console and its client work');
  } finally {
    await dev.stop();
  }
  await run('npm', ['run', '-s', 'typecheck'], { cwd: app, env });
  await run('npm', ['test'], { cwd: app, env });
  await run('npm', ['run', '-s', 'build:page'], { cwd: app, env });
  say('its types, its tests and the build of its page pass');
}

async function startDev(
  app: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly stop: () => Promise<void> }> {
  // A process group of its own, which gets the interrupt as one does in a terminal.
  const dev = spawn('npm', ['run', 'dev'], {
    cwd: app,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(dev, 'close');
  let said = '';
  const ready = new Promise<string | undefined>(resolve => {
    for (const stream of [dev.stdout, dev.stderr])
      stream.on('data', (text: Buffer) => {
        said += text;
        if (said.includes('Ready. Ctrl-C')) resolve(undefined);
      });
    void ended.then(() => resolve('ended'));
    setTimeout(() => resolve('was not ready'), readyWithinMs).unref();
  });
  const stop = async () => {
    if (dev.pid !== undefined && dev.exitCode === null) process.kill(-dev.pid, 'SIGINT');
    await ended;
    if (!said.includes('Stopped.')) throw new Error(`npm run dev did not end in good order:\n${said}`);
  };
  const why = await ready;
  if (why === undefined) return { stop };
  if (dev.pid !== undefined && dev.exitCode === null) process.kill(-dev.pid, 'SIGKILL');
  throw new Error(`npm run dev ${why}:\n${said}`);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(server => once(server, 'listening')));
  const ports = servers.map(server => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}
