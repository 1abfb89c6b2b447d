import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/**
 * How many types the compiler may make of 200 definitions, for their contract alone and for the clients that use each
 * of them. It counts the same on every machine, which seconds do not. Each is a quarter above what was measured; when
 * one is exceeded for a good reason, measure again.
 */
const budget = { contract: 1_420_000, client: 1_620_000, trpcClient: 6_500_000 };
const branches = 20;
const tasksPerBranch = 10;

const each = (write: (branch: string, task: string) => string) =>
  Array.from({ length: branches }, (_, b) =>
    Array.from({ length: tasksPerBranch }, (_, t) => write(`branch${b}`, `task${t}`)).join('\n'),
  ).join('\n');

/** What a real definition has: a few fields, defaults, nesting, a union, two errors. No two are alike. */
const definition = (name: string) => `defineTask({
  input: z.object({
    ${name}Path: z.string().min(1),
    limit: z.int().min(1).max(100).default(10),
    mode: z.enum(['fast', 'exact', '${name}']).optional(),
    source: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('file'), path: z.string() }),
      z.object({ kind: z.literal('url'), url: z.url(), headers: z.record(z.string(), z.string()).optional() }),
    ]),
  }),
  progress: z.object({ percent: z.number(), description: z.string(), ${name}Count: z.int() }),
  output: z.object({
    ${name}Items: z.array(z.object({ text: z.string(), score: z.number(), tags: z.array(z.string()) })),
    elapsedMs: z.int(),
    note: z.string().nullable(),
  }),
  errors: { NOT_FOUND: z.object({ path: z.string() }), TOO_LARGE: z.object({ ${name}Bytes: z.int() }) },
  timeoutMs: 60_000,
})`;
const nameOf = (branch: string, task: string) => `${branch}${task}`;
const input = (branch: string, task: string) =>
  `{ ${nameOf(branch, task)}Path: 'a', source: { kind: 'file', path: 'b' } }`;

const contract = `import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';
export const contract = defineContract({
${Array.from(
  { length: branches },
  (_, b) =>
    `branch${b}: {\n${Array.from({ length: tasksPerBranch }, (_, t) => `task${t}: ${definition(nameOf(`branch${b}`, `task${t}`))},`).join('\n')}\n},`,
).join('\n')}
});
`;

/** Starts, watches, narrows and reads every task. */
const client = `import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';
const tasks = createClient<typeof contract>({ url: 'http://127.0.0.1:8080' });
// @ts-expect-error there is no such task: the types are real
tasks.branch0.task99;
${each(
  (branch, task) => `{
  const task = await tasks.${branch}.${task}.start(${input(branch, task)});
  for await (const event of task.events()) {
    if (event.type === 'progress') event.progress.${nameOf(branch, task)}Count satisfies number;
  }
  const ended = await task.outcome();
  if (ended.status === 'COMPLETED' && !ended.unfit) ended.output.${nameOf(branch, task)}Items[0]?.score satisfies number | undefined;
  if (ended.status === 'FAILED' && ended.error.code === 'TOO_LARGE') ended.error.data.${nameOf(branch, task)}Bytes satisfies number;
}`,
)}
`;

const trpcClient = `import type { GatewayRouter } from '@longhaul/proto/wire';
import { createTRPCClient, type TRPCClient } from '@trpc/client';
import type { contract } from './contract.ts';
type Router = GatewayRouter<typeof contract>;
const trpc: TRPCClient<Router> = createTRPCClient<Router>({ links: [] });
// @ts-expect-error there is no such task: the types are real
trpc.branch0.task99;
${each(
  (branch, task) => `{
  const { id } = await trpc.${branch}.${task}.start.mutate({ input: ${input(branch, task)} });
  trpc.${branch}.${task}.watch.subscribe({ id }, {
    onData: ({ data }) => {
      if (data.type === 'progress') data.progress.${nameOf(branch, task)}Count satisfies number;
    },
  });
  const ended = await trpc.${branch}.${task}.result.query({ id });
  if (ended.status === 'COMPLETED' && 'output' in ended) ended.output.${nameOf(branch, task)}Items[0]?.score satisfies number | undefined;
}`,
)}
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-types-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries({ contract, client, trpcClient })) {
    await writeFile(join(folder, `${name}.ts`), text);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Compiles one generated file, with what it imports. */
async function instantiations(file: keyof typeof budget): Promise<number> {
  const config = join(folder, `tsconfig.${file}.json`);
  await writeFile(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), include: [`${file}.ts`], exclude: [] }),
  );
  // With one checker, since several share the files among themselves, and each makes types that another one made too.
  const { stdout } = await run(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      config,
      '--extendedDiagnostics',
      '--singleThreaded',
    ],
    { cwd: folder },
  ).catch((error: { stdout?: string }) => {
    throw new Error(`The generated ${file} does not compile:\n${error.stdout?.slice(0, 2_000)}`, {
      cause: error,
    });
  });
  const [, count] = /^Instantiations:\s+(\d+)/m.exec(stdout) ?? [];
  return Number(count);
}

test.each(['contract', 'client', 'trpcClient'] as const)(
  '200 definitions: the %s stays within its budget',
  async file => {
    const count = await instantiations(file);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(budget[file]);
  },
  // A compiler with one thread, beside other tests.
  120_000,
);
