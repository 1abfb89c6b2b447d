import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Contract } from '@longhaul/proto';
import { requireKnownOptions } from '@longhaul/proto/wire';
import { UsageError } from '../output/usageError.ts';
import { configNames, type LonghaulConfig } from './defineConfig.ts';

/** The names of a config file, in the order in which they are looked for. */
export const configFiles = [
  'longhaul.config.ts',
  'longhaul.config.mts',
  'longhaul.config.js',
  'longhaul.config.mjs',
];

/** Where a command finds contract and handlers. */
export type ConfigFlags = {
  readonly config?: string | undefined;
  readonly contract?: string | undefined;
  readonly handlers?: string | undefined;
};

/** A config, and the folder that it was found in. */
export type LoadedConfig = { readonly config: LonghaulConfig; readonly folder: string };

/**
 * Loads the config of a project: the file that `--config` names, else one of {@link configFiles} in the working folder,
 * else what `--contract` and `--handlers` name. Node.js runs TypeScript by itself.
 *
 * @throws UsageError when there is none, or it is not one
 */
export async function loadConfig(flags: ConfigFlags, folder: string = process.cwd()): Promise<LoadedConfig> {
  if (flags.contract !== undefined) return { config: await configOfFlags(flags, folder), folder };
  const file = configFile(flags.config, folder);
  const config = await exportOf(file, ['default']);
  if (typeof config !== 'object' || config === null)
    throw new UsageError(
      `${file} exports no config. Write: export default defineConfig({ contract, handlers }).`,
    );
  try {
    requireKnownOptions(file, config, configNames);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  return { config: config as LonghaulConfig, folder: dirname(file) };
}

function configFile(named: string | undefined, folder: string): string {
  if (named !== undefined) {
    const file = resolve(folder, named);
    if (existsSync(file)) return file;
    throw new UsageError(`There is no file ${file}. Name the config with --config.`);
  }
  const found = configFiles.map(name => join(folder, name)).find(file => existsSync(file));
  if (found !== undefined) return found;
  throw new UsageError(
    `There is no ${configFiles[0]} in ${folder}. Write one, name it with --config, or name the modules with --contract and --handlers. \`npm create longhaul\` makes a project with one.`,
  );
}

async function configOfFlags({ contract, handlers }: ConfigFlags, folder: string): Promise<LonghaulConfig> {
  if (handlers === undefined)
    throw new UsageError('With --contract, name the handlers as well: --handlers FILE.');
  return {
    contract: (await exportNamed(contract ?? '', folder, 'contract')) as Contract,
    handlers: async () => (await exportNamed(handlers, folder, 'handlers')) as never,
  };
}

/** What `FILE` or `FILE#EXPORT` names: without a name, the usual export or the default one. */
function exportNamed(reference: string, folder: string, usual: string): Promise<unknown> {
  const [path = '', name] = reference.split('#');
  const file = resolve(folder, path);
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  return exportOf(file, name === undefined ? [usual, 'default'] : [name]);
}

async function exportOf(file: string, names: readonly string[]): Promise<unknown> {
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  const name = names.find(each => module[each] !== undefined);
  if (name !== undefined) return module[name];
  throw new UsageError(`${file} has no export ${names.map(each => `"${each}"`).join(' or ')}.`);
}
