import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What to make, and where. */
export type CreateOptions = {
  /** The folder of the app: made where it is missing, and empty where it is there. */
  readonly folder: string;
  /** The name in its package.json. Default: the name of the folder. */
  readonly name?: string;
};

/** An app that was made. */
export type CreatedApp = {
  /** The absolute path of its folder. */
  readonly folder: string;
  /** The name in its package.json. */
  readonly name: string;
};

/** The app cannot be made there. The message says what to do. */
export class CreateError extends Error {
  override readonly name = 'CreateError';
  readonly code = 'CANNOT_CREATE';
}

const template = fileURLToPath(new URL('../template', import.meta.url));
/** What npm would leave out of a package, or read as its own, is kept under another name. */
const renamed = { _gitignore: '.gitignore', _dockerignore: '.dockerignore', '_package.json': 'package.json' };
/** What a folder may have that was made for the app: a repository that was cloned empty. */
const allowed = new Set(['.git', '.gitkeep', 'LICENSE']);

/**
 * Makes an app in a folder: nothing that is there is changed, and nothing is installed.
 *
 * @throws CreateError where the folder has something in it
 */
export async function createApp({ folder: asked, name: askedName }: CreateOptions): Promise<CreatedApp> {
  const folder = resolve(asked);
  const name = askedName ?? packageName(basename(folder));
  await mkdir(folder, { recursive: true });
  const there = (await readdir(folder)).filter(entry => !allowed.has(entry));
  if (there.length > 0)
    throw new CreateError(`${folder} is not empty (${there.slice(0, 3).join(', ')}…). Name a new folder.`);
  await cp(template, folder, { recursive: true, force: false });
  for (const [from, to] of Object.entries(renamed)) await rename(join(folder, from), join(folder, to));
  const manifest = join(folder, 'package.json');
  const text = await readFile(manifest, 'utf8');
  await writeFile(
    manifest,
    text
      .replace('"name": "app"', `"name": ${JSON.stringify(name)}`)
      .replaceAll('VERSION', await ownVersion()),
  );
  return { folder, name };
}

/** All packages have one version: the app begins with that of this one. */
async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { readonly version: unknown }).version);
}

/** A folder's name as npm takes it. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  return name === '' ? 'longhaul-app' : name;
}
