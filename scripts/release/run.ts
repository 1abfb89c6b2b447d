import { spawn } from 'node:child_process';

/** How {@link run} starts a command. */
export type RunOptions = { readonly cwd: string; readonly env?: NodeJS.ProcessEnv };

/**
 * Runs a command and resolves with its standard output.
 * @throws Error with everything that it wrote, when it fails
 */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env = process.env }: RunOptions,
): Promise<string> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let written = '';
  let all = '';
  child.stdout.on('data', (chunk: Buffer) => {
    written += chunk.toString('utf8');
    all += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    all += chunk.toString('utf8');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(written);
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${code ?? signal}:\n${all}`));
    });
  });
}

/** Runs the pnpm that this repository is installed with. */
export function pnpm(args: readonly string[], options: RunOptions): Promise<string> {
  return run('npx', ['-y', 'pnpm@12.21.0', ...args], options);
}
