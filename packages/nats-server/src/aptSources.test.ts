import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDeb822, parseOneLineFormat, readAptSources, sourcesEntryFor } from './aptSources.ts';
import { scratchFolder } from './fakePrograms.ts';

const deb822 = `Types: deb deb-src
# a comment in between
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://mirror.example/sources
Suites: bookworm

Enabled: no
Types: deb
URIs: http://mirror.example/off
Suites: bookworm
`;

test('deb822: binary entries that are on', () => {
  expect(parseDeb822(deb822)).toEqual([
    {
      uris: 'http://mirror.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
    },
  ]);
});

test('deb822: a key written into the entry stays one value of many lines', () => {
  const [source] = parseDeb822(
    'Types: deb\nURIs: http://mirror.example\nSuites: bookworm\nSigned-By:\n -----BEGIN KEY-----\n .\n abc\n -----END KEY-----\n',
  );
  expect(source && sourcesEntryFor(source, 'testing')).toBe(
    'Types: deb\nURIs: http://mirror.example\nSuites: testing\nComponents: main\nSigned-By: -----BEGIN KEY-----\n .\n abc\n -----END KEY-----\n',
  );
});

test('one line: with and without options; comments and sources are left out', () => {
  expect(
    parseOneLineFormat(`# deb http://mirror.example/commented bookworm main
deb [arch=amd64 signed-by=/etc/key.gpg] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb\thttp://plain.example/debian   bookworm-updates main
`),
  ).toEqual([
    { uris: 'http://mirror.example/debian', suites: ['bookworm'], signedBy: '/etc/key.gpg' },
    { uris: 'http://plain.example/debian', suites: ['bookworm-updates'] },
  ]);
});

test('a machine may have both formats; other files are ignored', async () => {
  await using folder = await scratchFolder();
  await mkdir(join(folder.path, 'sources.list.d'));
  await writeFile(join(folder.path, 'sources.list'), 'deb http://one.example bookworm main\n');
  await writeFile(join(folder.path, 'sources.list.d/debian.sources'), deb822);
  await writeFile(
    join(folder.path, 'sources.list.d/old.list.disabled'),
    'deb http://off.example bookworm main\n',
  );
  const uris = (await readAptSources(folder.path)).map(source => source.uris);
  expect(uris).toEqual(['http://one.example', 'http://mirror.example/debian']);
});
