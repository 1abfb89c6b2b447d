import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One entry of the machine's package sources: where its mirror is and which keys sign it. */
export interface AptSource {
  uris: string;
  suites: string[];
  /** A keyring file or a key; absent where apt's trusted keys are meant. */
  signedBy?: string;
}

/** Reads `sources.list` and `sources.list.d`, in both of apt's formats. */
export async function readAptSources(aptDir: string): Promise<AptSource[]> {
  const partsDir = join(aptDir, 'sources.list.d');
  const parts = (await readdir(partsDir).catch(() => [])).sort().map(name => join(partsDir, name));
  const sources: AptSource[] = [];
  for (const file of [join(aptDir, 'sources.list'), ...parts]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) sources.push(...parseDeb822(text));
    else if (file.endsWith('.list')) sources.push(...parseOneLineFormat(text));
  }
  return sources;
}

/** `deb [signed-by=/path] http://mirror/debian bookworm main` */
export function parseOneLineFormat(text: string): AptSource[] {
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/gm)].map(
    ([, options = '', uri, suite]) =>
      entry(uri ?? '', suite ?? '', /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1]),
  );
}

/** Stanzas of `Field: value`, apart by empty lines; a value continues in lines that begin with a space. */
export function parseDeb822(text: string): AptSource[] {
  const withoutComments = text.replaceAll(/^#.*\n?/gm, '');
  return withoutComments.split(/\n\s*\n/).flatMap(stanza => {
    const field = (name: string) =>
      new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1]?.trim();
    const [types, uris, suites] = [field('Types'), field('URIs'), field('Suites')];
    if (!types?.split(/\s+/).includes('deb') || !uris || !suites) return [];
    if (field('Enabled')?.toLowerCase() === 'no') return [];
    return [entry(uris, suites, field('Signed-By'))];
  });
}

/** The same mirror and keys for another suite, as the text of a `.sources` file. */
export function sourcesEntryFor(source: AptSource, suite: string): string {
  const fields = ['Types: deb', `URIs: ${source.uris}`, `Suites: ${suite}`, 'Components: main'];
  // A key in the entry itself has lines of its own, which have to stay indented.
  if (source.signedBy !== undefined)
    fields.push(`Signed-By: ${source.signedBy.replaceAll(/\n(?=\S)/g, '\n ')}`);
  return `${fields.join('\n')}\n`;
}

function entry(uris: string, suites: string, signedBy: string | undefined): AptSource {
  const source = { uris, suites: suites.split(/\s+/) };
  return signedBy === undefined ? source : { ...source, signedBy };
}
