import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ownFolder, resolveInside } from '../folders.ts';
import type { PlaybookOptions } from './options.ts';
import { type PlaybookContext, playbookError } from './playbookTypes.ts';

/** A playbook to look at. */
export type PlaybookSource = {
  /** What findings call it. */
  readonly file: string;
  readonly text: string;
  /** The folder that engines run in. */
  readonly folder: string;
  /** Its path below that folder. */
  readonly path: string;
};

/** The name of a playbook that came as text. */
export const inlineName = 'playbook.yml';

const defaultMaxBytes = 256 * 1024;

/**
 * Reads the playbook of a task's input and gives it to `work`. One that came as text is a file in a folder of its own
 * for as long as `work` runs, so that engines can read it.
 *
 * @throws TaskError `PLAYBOOK_NOT_FOUND`, `PATH_NOT_ALLOWED`, `PLAYBOOK_TOO_LARGE`
 */
export async function withPlaybook<T>(
  ctx: PlaybookContext,
  options: PlaybookOptions,
  work: (source: PlaybookSource) => Promise<T>,
): Promise<T> {
  const { path, content } = ctx.input;
  const maxBytes = options.maxBytes ?? defaultMaxBytes;
  if (path !== undefined)
    return work(await fromFolder(options.playbookFolder ?? ownFolder('playbooks'), path, maxBytes));

  const text = content ?? '';
  requireSize(Buffer.byteLength(text), maxBytes);
  const folder = await mkdtemp(join(tmpdir(), 'playbook-'));
  try {
    await writeFile(join(folder, inlineName), text);
    return await work({ file: inlineName, text, folder, path: inlineName });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fromFolder(folder: string, path: string, maxBytes: number): Promise<PlaybookSource> {
  const place = await resolveInside(folder, path);
  if (place.kind === 'outside') {
    throw playbookError(
      'PATH_NOT_ALLOWED',
      `"${path}" lies outside the executor's playbook folder: give a file inside it, or set PLAYBOOK_DIR.`,
      { path },
    );
  }
  const about = place.kind === 'inside' ? await stat(place.path) : undefined;
  if (place.kind === 'missing' || !about?.isFile()) {
    throw playbookError(
      'PLAYBOOK_NOT_FOUND',
      `There is no file "${path}" in the executor's playbook folder.`,
      { path },
    );
  }
  requireSize(about.size, maxBytes);
  const root = await resolveInside(folder, '.');
  const realFolder = root.kind === 'inside' ? root.path : folder;
  const text = await readFile(place.path, 'utf8');
  return { file: path, text, folder: realFolder, path: relative(realFolder, place.path) };
}

function requireSize(bytes: number, limitBytes: number): void {
  if (bytes <= limitBytes) return;
  throw playbookError(
    'PLAYBOOK_TOO_LARGE',
    `The playbook has ${bytes} bytes, and ${limitBytes} are allowed: split it.`,
    {
      bytes,
      limitBytes,
    },
  );
}
