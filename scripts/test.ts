// `npm test`: type check, lint, and the tests but for the long ones (`*.long.test.ts`), which `npm run test:long` runs.
// All of them run, and each failure is shown, before it fails. Arguments go to vitest: `npm test -- packages/proto`
// runs the tests below that folder, the long ones as well.

import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

interface Step {
  name: string;
  command: string;
  args: string[];
}

interface Outcome {
  step: Step;
  ok: boolean;
  seconds: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
const running = new Set<ReturnType<typeof spawn>>();

/** Runs a step; `live` shows its output as it comes, else it is shown as a whole when the step has ended. */
async function run(step: Step, live: boolean): Promise<Outcome> {
  if (live) headline(step.name);
  const begun = performance.now();
  const child = spawn(step.command, step.args, {
    cwd: root,
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    shell: windows,
  });
  running.add(child);
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk));
  const ok = await new Promise<boolean>(resolve => {
    child.once('error', error => {
      output.push(Buffer.from(`${step.command} does not run: ${error.message}\n`));
      resolve(false);
    });
    child.once('close', code => resolve(code === 0));
  });
  running.delete(child);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (!live) headline(step.name);
  process.stdout.write(Buffer.concat(output));
  console.log(`${step.name}: ${ok ? 'passed' : 'FAILED'} in ${seconds} s`);
  return { step, ok, seconds };
}

function headline(name: string): void {
  console.log(`\n=== ${name} ===`);
}

// A signal goes to the step that runs, so that vitest puts away what it started; no further step begins.
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
    for (const child of running) child.kill(signal);
  });
}

const typeCheck = { name: 'type check', command: 'tsc', args: ['-p', 'tsconfig.json'] };
const consoleCheck = { name: 'type check of the console', command: 'tsc', args: ['-p', 'packages/console'] };
const lint = { name: 'lint', command: 'biome', args: ['check', '.'] };
// Who may import whom: the rules are in .dependency-cruiser.mjs.
const imports = { name: 'imports', command: 'npm', args: ['run', '-s', 'lint:imports'] };
const given = process.argv.slice(2);
const choosesFiles = given.some(argument => !argument.startsWith('-'));
const chosen = choosesFiles ? [] : ['--project', 'quick'];
const tests = { name: 'tests', command: 'vitest', args: ['run', ...chosen, ...given] };

const outcomes = await Promise.all([
  run(typeCheck, false),
  run(consoleCheck, false),
  run(lint, false),
  run(imports, false),
]);
if (!interrupted) outcomes.push(await run(tests, true));

headline('summary');
for (const { step, ok, seconds } of outcomes) {
  console.log(`${ok ? 'passed' : 'FAILED'}  ${step.name} (${seconds} s)`);
}
// Printed, so that they are not taken for tested: .ci/run does these as well.
if (!choosesFiles) console.log('not run  the long tests: `npm run test:long`');
console.log('not run  the console in a browser: `pnpm test:console`, which needs Chromium');
if (interrupted) console.log('interrupted');
process.exitCode = !interrupted && outcomes.every(({ ok }) => ok) ? 0 : 1;
