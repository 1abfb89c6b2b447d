import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const contract = `import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';
const word = z.object({ at: z.number(), text: z.string() });
export const contract = defineContract({
  audio: {
    transcribe: defineTask({
      input: z.object({ file: z.string(), language: z.enum(['de', 'en']).optional() }),
      progress: z.object({ percent: z.number() }),
      output: z.object({ text: z.string(), words: z.array(word) }),
      errors: { NOT_FOUND: z.object({ path: z.string() }) },
    }),
    render: defineTask({ input: z.object({ file: z.string() }), output: z.object({ url: z.string() }), sandbox: true }),
  },
});
`;
const head = `import type { HandlersOf, Sandboxed } from '@longhaul/executor';
import { createExecutor } from '@longhaul/executor';
import { contract } from './contract.ts';
declare const render: Sandboxed<typeof contract.audio.render>;
const transcribed = { text: '', words: [] };
`;
const handlers = (text: string) => `${head}
export const handlers: HandlersOf<typeof contract> = { audio: { ${text} } };\n`;

/** Each is a program with one mistake, or none. */
const programs = {
  right: handlers(
    'transcribe: async ({ input, progress }) => (progress({ percent: input.file.length }), transcribed), render',
  ),
  missingHandler: handlers('render'),
  missingBranch: `${head} export const handlers: HandlersOf<typeof contract> = {};\n`,
  missingInline: `${head} await createExecutor({ contract, nats: { servers: [] }, handlers: { audio: { render } } });\n`,
  wrongOutput: handlers('transcribe: async ({ input }) => ({ text: input.file, words: 3 }), render'),
  outputLeftOut: handlers('transcribe: () => ({ text: "" }), render'),
  wrongProgress: handlers(
    'transcribe: async ({ progress }) => (progress({ percent: "1" }), transcribed), render',
  ),
  plainFunction: handlers(
    'transcribe: async () => transcribed, render: async ({ input }) => ({ url: input.file })',
  ),
  forgottenDefineTask: `import { defineContract } from '@longhaul/proto';
import { z } from 'zod';
export const contract = defineContract({
  audio: { transcribe: { input: z.object({ file: z.string() }), output: z.object({ text: z.string() }), timeoutMs: 3 } },
});\n`,
};

type Diagnostic = { readonly line: number; readonly lines: readonly string[] };
const found = new Map<string, Diagnostic[]>();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-type-errors-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries({ contract, ...programs }))
    await writeFile(join(folder, `${name}.ts`), text);
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), include: ['*.ts'], exclude: [] }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  // It exits with an error, since the programs have some.
  const { stdout } = await run(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
  }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  for (const text of stdout.split(/\n(?=\S)/)) {
    const [, file, line, message] =
      /^(\w+)\.ts\((\d+),\d+\): error TS\d+: ([\s\S]+)$/.exec(text.trimEnd()) ?? [];
    if (file === undefined || message === undefined) throw new Error(`tsc printed: ${text}`);
    found.set(file, [...(found.get(file) ?? []), { line: Number(line), lines: message.split('\n') }]);
  }
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a program without a mistake has no error', () => {
  expect(found.get('right')).toBeUndefined();
  expect(found.get('contract')).toBeUndefined();
});

/** `says` is in the first line, which an editor shows first; `cause` is the last line. */
const cases: { program: keyof typeof programs; says: string; cause: string }[] = [
  {
    program: 'missingHandler',
    says: `required in type 'OneHandlerPerTask<"audio.*", `,
    cause: "Property 'transcribe' is missing",
  },
  {
    program: 'missingBranch',
    says: `required in type 'OneHandlerPerTask<"contract", `,
    cause: "Property 'audio' is missing",
  },
  {
    program: 'missingInline',
    says: `required in type 'OneHandlerPerTask<"audio.*", `,
    cause: "Property 'transcribe' is missing",
  },
  {
    program: 'wrongOutput',
    says: `is not assignable to type 'HandlerOf<"audio.transcribe", `,
    cause: "Type 'number' is not assignable to type '{ at: number; text: string; }[]'.",
  },
  {
    program: 'outputLeftOut',
    says: `is not assignable to type 'HandlerOf<"audio.transcribe", `,
    cause: "Property 'words' is missing in type '{ text: string; }'",
  },
  { program: 'wrongProgress', says: "'string'", cause: "Type 'string' is not assignable to type 'number'." },
  {
    program: 'plainFunction',
    says: `is not assignable to type 'SandboxedHandlerOf<"audio.render", `,
    cause:
      "\"Task 'audio.render' has sandbox: true, so it needs a handler in a file of its own: write sandboxed(new URL('./file.ts', import.meta.url))\"",
  },
  {
    program: 'forgottenDefineTask',
    says: 'is not assignable to type',
    cause: `"'audio.transcribe' is a plain object: write defineTask({ … }) around it"`,
  },
];

describe.each(cases)('type errors help: $program', ({ program, says, cause }) => {
  test('is one error, which names the task and ends with the cause', () => {
    const errors = found.get(program) ?? [];
    expect(errors).toHaveLength(1);
    const lines = errors[0]?.lines ?? [];
    expect(lines[0]).toContain(says);
    expect(lines.at(-1)).toContain(cause);
  });

  test('is short: few lines, each of which fits a tooltip', () => {
    const lines = found.get(program)?.[0]?.lines ?? [];
    expect(lines.length).toBeLessThanOrEqual(7);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(700);
  });
});
