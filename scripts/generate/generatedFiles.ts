import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsConfiguration } from '@longhaul/broker';
import { docExampleFolder, docExamples } from './docExamples.ts';
import { limitTable } from './limitTable.ts';
import { fillMarkers } from './markers.ts';
import { subjectTable } from './subjectTable.ts';
import {
  consumerTable,
  errorTable,
  failureTable,
  permissionTable,
  statusTable,
  streamTable,
} from './tables.ts';
import { jsonText, wireSchemas } from './wireSchemas.ts';

/** A generated file that is not what the code says. `wanted`: its right content; `undefined`: it should not be there. */
export type StaleFile = { readonly path: string; readonly wanted: string | undefined };

const schemaFolder = 'docs/protocol/schemas';
const serverConfiguration = 'deploy/nats/longhaul.conf';

/** Which page holds which generated parts. */
const pages: { readonly [path: string]: { readonly [name: string]: () => string } } = {
  'docs/protocol/README.md': {
    subjects: subjectTable,
    streams: streamTable,
    consumers: consumerTable,
    limits: limitTable,
    transitions: statusTable,
  },
  'docs/guides/authentication.md': { permissions: permissionTable },
  'docs/errors.md': { 'gateway-errors': errorTable, 'task-failures': failureTable },
};

/**
 * Compares everything generated with the files of a checkout.
 *
 * @param root the folder of the repository
 * @throws Error when a page lacks a marker that it should have
 */
export async function findStale(root: string): Promise<StaleFile[]> {
  const wanted = new Map<string, string>();
  for (const [name, schema] of wireSchemas()) {
    wanted.set(`${schemaFolder}/${name}.schema.json`, jsonText(schema));
  }
  wanted.set(serverConfiguration, natsConfiguration());
  for (const [path, text] of await docExamples(root)) wanted.set(path, text);
  for (const [path, parts] of Object.entries(pages)) {
    const page = await readFile(join(root, path), 'utf8');
    wanted.set(path, fillMarkers(path, page, parts));
  }
  const stale: StaleFile[] = [];
  for (const [path, text] of wanted) {
    if ((await readIfThere(join(root, path))) !== text) stale.push({ path, wanted: text });
  }
  for (const folder of [schemaFolder, docExampleFolder]) {
    for (const file of await readdir(join(root, folder))) {
      const path = `${folder}/${file}`;
      if (!wanted.has(path)) stale.push({ path, wanted: undefined });
    }
  }
  return stale;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
