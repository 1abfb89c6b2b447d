import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { locateNatsServer, startNatsServer } from '@longhaul/nats-server';
import { readEnvironment } from '@longhaul/runtime';
import { z } from 'zod';
import { buildConsole, builtConsole } from './start/buildConsole.ts';
import { runDemo } from './start/demo.ts';
import { startService, supervise } from './start/service.ts';

/** `npm start`: NATS, a gateway and an executor, a task to watch, and then serving until Ctrl-C. */
const root = join(import.meta.dirname, '..');
const document = 'README.md';
const say = (line: string) => void process.stdout.write(`${line}\n`);

const opened: (() => Promise<void>)[] = [];
const stopRequest = Promise.withResolvers<number>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopRequest.resolve(0));

async function start(): Promise<void> {
  const env = readEnvironment(
    z.object({
      PORT: z.string().default('8080'),
      NATS_URL: z.string().optional(),
      LONGHAUL_DATA: z.string().default(join(root, '.longhaul')),
    }),
  );
  say('Longhaul: long-running work as type-safe RPC.\n');
  await mkdir(join(env.LONGHAUL_DATA, 'logs'), { recursive: true });

  const built = consoleBuilt();
  const natsUrl = env.NATS_URL ?? (await startEmbeddedNats(join(env.LONGHAUL_DATA, 'nats')));
  say(`NATS      ${natsUrl}${env.NATS_URL ? ' (NATS_URL)' : ''}`);

  // A folder of their own, with the one document of the demonstration: in this one there may be keys.
  const documents = join(env.LONGHAUL_DATA, 'files', 'documents');
  await mkdir(documents, { recursive: true });
  await copyFile(join(root, document), join(documents, document));
  const common = { DOCUMENT_DIR: documents, ...process.env, NATS_URL: natsUrl };
  const run = (name: string, more: NodeJS.ProcessEnv) =>
    supervise(
      name,
      () =>
        startService(join(root, `scripts/start/${name}.ts`), join(env.LONGHAUL_DATA, 'logs', `${name}.log`), {
          ...common,
          ...more,
        }),
      say,
      why => {
        say(`Stopping: ${why}. See ${join(env.LONGHAUL_DATA, 'logs')}.`);
        stopRequest.resolve(1);
      },
    );
  const hasConsole = await built;
  const gateway = await run('gateway', {
    PORT: env.PORT,
    ...(hasConsole ? { CONSOLE_DIR: builtConsole } : {}),
  });
  opened.push(gateway.stop);
  const executor = await run('executor', {});
  opened.push(executor.stop);
  const url = String(gateway.ready.url);
  say(`gateway   ${url} (tRPC at /trpc, REST at /v1 and /docs, health at /healthz and /readyz)`);
  say(`executor  ${executor.ready.executor}`);
  if (hasConsole) say(`console   ${url}`);

  // A demonstration that fails says why; what was started keeps serving.
  await runDemo(url, document, say).catch((error: unknown) =>
    say(`\n${error instanceof Error ? error.message : error}`),
  );
  if (hasConsole) say(`\nOpen ${url} in a browser to see and steer every task.`);
  say(`\nServing on ${url}. Look inside with: nats --server ${natsUrl} sub 'tasks.event.>'`);
  say('Ctrl-C stops everything.');
}

/** Whether there is a console to serve. One that cannot be built takes nothing else down. */
async function consoleBuilt(): Promise<boolean> {
  try {
    await buildConsole();
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

async function startEmbeddedNats(dataDir: string): Promise<string> {
  const { path } = await locateNatsServer({ say });
  const server = await startNatsServer({ binary: path, dataDir, say });
  opened.push(() => server.stop());
  return server.url;
}

let code = 0;
try {
  const started = start();
  started.catch(() => {});
  const asked = await Promise.race([started.then(() => undefined), stopRequest.promise]);
  code = asked ?? (await stopRequest.promise);
} catch (error) {
  say(`\n${error instanceof Error ? error.message : error}`);
  code = 1;
}
say('\nStopping…');
// In reverse: executors release their tasks through NATS, which therefore ends last.
for (const close of opened.reverse()) await close();
say('Stopped.');
process.exit(code);
