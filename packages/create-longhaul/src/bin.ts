#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { CreateError, createApp } from './createApp.ts';

const usage = `Makes an app on Longhaul, and installs its packages.

  npm create longhaul@latest [folder]
  npm create longhaul@latest my-app -- --no-install

Options:
  --no-install   do not install the packages
  -h, --help`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'no-install': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const folder = positionals[0] ?? (await askFolder());
  if (folder === undefined) return 130;
  const app = await createApp({ folder });
  const shown = relative(process.cwd(), app.folder) || '.';
  process.stdout.write(`Made ${app.name} in ${shown}.\n`);
  const manager = packageManager(process.env.npm_config_user_agent);
  if (!values['no-install']) {
    process.stdout.write(`Installing its packages with ${manager}…\n`);
    const code = await install(manager, app.folder);
    if (code !== 0) {
      process.stderr.write(
        `${manager} install ended with ${code}. The app is there: try it again in ${shown}.\n`,
      );
      return 1;
    }
  }
  const steps = [
    ...(shown === '.' ? [] : [`cd ${shown}`]),
    ...(values['no-install'] ? [`${manager} install`] : []),
    `${manager} run dev`,
  ];
  process.stdout.write(`\nNext:\n${steps.map(step => `  ${step}\n`).join('')}`);
  return 0;
}

async function askFolder(): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new CreateError('Name the folder: npm create longhaul@latest my-app');
  const { isCancel, text } = await import('@clack/prompts');
  const answer = await text({
    message: 'Where is the app to be?',
    placeholder: 'my-app',
    defaultValue: 'my-app',
  });
  return isCancel(answer) ? undefined : answer;
}

/** Who started this: `npm/11.6.0 node/v24.21.0 linux x64`. */
function packageManager(userAgent = ''): string {
  const name = userAgent.split('/', 1)[0] ?? '';
  return ['npm', 'pnpm', 'yarn', 'bun'].includes(name) ? name : 'npm';
}

async function install(manager: string, folder: string): Promise<number> {
  const child = spawn(manager, ['install'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error && 'code' in error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
