import { opendir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { resolveInside } from '../folders.ts';

/** What counts as an audio file, by the end of its name in any case. */
export const audioExtensions = [
  '.wav',
  '.mp3',
  '.m4a',
  '.flac',
  '.ogg',
  '.opus',
  '.webm',
  '.aac',
  '.wma',
] as const;

/** An audio file of a folder. */
export type AudioFile = {
  /** Path below the folder, with "/" between its parts. */
  readonly file: string;
  /** Where it is; `undefined` for a link that leads out of the allowed folder or nowhere. */
  readonly path: string | undefined;
};

const byName = new Intl.Collator('en', { numeric: true });

/**
 * Lists the audio files of a folder by name, `part 2` before `part 10`. Hidden files and links to folders are left out.
 *
 * @param allowedFolder links to files are followed as long as they stay inside it
 * @param limit stops one after this many files, so that a caller sees that there are too many
 */
export async function listAudioFiles(
  directory: string,
  options: { allowedFolder: string; recursive: boolean; limit: number; signal: AbortSignal },
): Promise<AudioFile[]> {
  const found: AudioFile[] = [];
  const open = [directory];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for await (const entry of await opendir(folder)) {
      options.signal.throwIfAborted();
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory() && options.recursive) open.push(path);
      if (!isAudio(entry.name) || !(entry.isFile() || entry.isSymbolicLink())) continue;
      const target = entry.isFile()
        ? { kind: 'inside' as const, path }
        : await resolveInside(options.allowedFolder, path);
      found.push({
        file: relative(directory, path).split(sep).join('/'),
        path: target.kind === 'inside' ? target.path : undefined,
      });
      if (found.length > options.limit) return found;
    }
  }
  return found.sort((a, b) => byName.compare(a.file, b.file));
}

function isAudio(name: string): boolean {
  const extension = extname(name).toLowerCase();
  return audioExtensions.some(known => known === extension);
}
