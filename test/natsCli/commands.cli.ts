import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@longhaul/client';
import { createExecutor, type Executor } from '@longhaul/executor';
import { createGateway, type Gateway } from '@longhaul/gateway';
import { locateNatsServer, type NatsServerProcess, startNatsServer } from '@longhaul/nats-server';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markdownPages } from '../docs/markdownPages.ts';

/**
 * Every command line of `nats` in the documents, with the real one. `npm run test:nats-cli` expects it as `nats` on the
 * PATH, or where NATS_CLI says; `.ci/run` installs it where Go is.
 */
const cli = process.env.NATS_CLI ?? 'nats';

/** What a command prints, and whether it ends by itself; `args` go beside those of the document. */
type Expected = { readonly prints: RegExp; readonly follows?: true; readonly args?: readonly string[] };
const expected: Readonly<Record<string, Expected>> = {
  "nats sub 'tasks.event.>'": { prints: /tasks\.event\./, follows: true },
  "nats sub 'tasks.live.>'": { prints: /tasks\.live\./, follows: true },
  "nats sub '$KV.tasks.>'": { prints: /\$KV\.tasks\.local\./, follows: true },
  "nats --user observer --password … --inbox-prefix _INBOX_observer sub 'tasks.live.>'": {
    prints: /tasks\.live\./,
    follows: true,
  },
  'nats kv watch tasks': { prints: /local\./, follows: true },
  "nats sub 'tasks.event.<id>.>' --stream TASK_EVENTS --all --wait=2s": { prints: /"completed"/ },
  'nats kv get tasks local.<id> --raw': { prints: /"status":"COMPLETED"/ },
  'nats stream subjects TASKS': { prints: /tasks\.request\.normal\.<waiting>/ },
  'nats consumer report TASKS': { prints: /script-echo-normal/ },
  'nats micro ls': { prints: /executor/ },
  "nats req tasks.executors.status '' --replies=0": { prints: /"slots"/ },
  'nats kv get task-limits keyed.hall.printer.print': { prints: /bucket task-limits|not found/i },
  'nats object get task-payloads <object>': { prints: /./, args: ['--force'] },
  "nats stream purge OBJ_task-payloads --subject '$O.task-payloads.C.<nuid>'": {
    prints: /OBJ_task-payloads/,
    args: ['--force'],
  },
  'nats stream edit --replicas 3': { prints: /--replicas/, args: ['--help'] },
};

let folder: string;
let server: NatsServerProcess;
let gateway: Gateway<ScriptedContract>;
let executor: Executor;
let names: Readonly<Record<string, string>>;
let echo: () => Promise<unknown>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-nats-cli-'));
  const { path } = await locateNatsServer({ say: () => {} });
  server = await startNatsServer({ binary: path, dataDir: folder });
  const nats = { servers: server.url };
  gateway = await createGateway({ contract: scriptedContract, nats, port: 0 });
  executor = await createExecutor({
    contract: scriptedContract,
    handlers: scriptedHandlers,
    nats,
    concurrency: 2,
  });
  const { script } = createClient<ScriptedContract>({ url: gateway.url });
  echo = async () => (await script.echo.start({ text: 'again' })).result();
  const done = await script.echo.start({ text: 'x'.repeat(400_000) });
  await done.result();
  // Both permits are held, so that the next one waits in the queue.
  await Promise.all([script.hang.start({}), script.hang.start({})]);
  const waiting = await script.hang.start({});
  while ((await done.record()).status !== 'COMPLETED') await new Promise(resolve => setTimeout(resolve, 50));
  names = { id: done.id, waiting: waiting.id, object: `${done.id}.output.1`, nuid: 'none' };
});
afterAll(async () => {
  await executor?.stop({ drainMs: 0 });
  await gateway?.stop();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const filled = (text: string) =>
  text.replaceAll(/<(id|waiting|object|nuid)>/g, (_, key: string) => names[key] ?? '');

/** Runs a command; one that follows is ended once it has printed what is expected. */
function run(
  command: string,
  { prints, follows, args = [] }: Expected,
): Promise<{ output: string; code: number | null }> {
  const words = [...filled(command).matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );
  const child = spawn(cli, [...words.slice(1), ...args, '--server', server.url], {
    cwd: folder,
    // Its contexts are those of this test, and not of the person who runs it.
    env: { ...process.env, XDG_CONFIG_HOME: folder, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    const deadline = setTimeout(() => child.kill('SIGKILL'), 25_000);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (follows && new RegExp(filled(prints.source)).test(output)) child.kill('SIGINT');
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    child.on('close', code => {
      clearTimeout(deadline);
      resolve({ output, code });
    });
  });
}

describe('the command lines of nats in the documents', () => {
  it('are all here', async () => {
    const found = new Set<string>();
    for (const { text } of await markdownPages()) {
      for (const [, span, line] of text.matchAll(/`(nats [^`\n]+)`|^(nats .+)$/gm)) {
        const command = span ?? line ?? '';
        // A name of a command, of one or two words, is no line to run.
        if (/['<]|--|\s\S+\s\S+\s\S+/.test(command)) found.add(command);
      }
    }
    const unknown = [...found].filter(command => !(command in expected));
    expect(unknown).toEqual([]);
  });

  it.each(Object.entries(expected))('%s', async (command, want) => {
    const ended = run(command, want);
    // Something has to happen for those who follow.
    const echoing = want.follows ? setInterval(() => void echo().catch(() => {}), 1_000) : undefined;
    const { output, code } = await ended.finally(() => clearInterval(echoing));
    expect(output).toMatch(new RegExp(filled(want.prints.source), 'i'));
    if (!want.follows) expect(code, output).not.toBeNull();
  });
});
