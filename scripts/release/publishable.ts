import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const root = join(import.meta.dirname, '../..');

/** The folders of the packages that are published, each after those that it stands on. */
export const publishable = [
  'packages/proto',
  'packages/client',
  'packages/broker',
  'packages/runtime',
  'packages/nats-server',
  'services/gateway',
  'services/executor',
  'packages/samples',
  'packages/testing',
  'packages/console',
  'packages/cli',
  'packages/create-longhaul',
] as const;

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
  publishConfig: z.object({
    exports: z.record(z.string(), z.object({ types: z.string(), default: z.string() })).optional(),
    bin: z.record(z.string(), z.string()).optional(),
  }),
});

/** What this repository says of one of its packages. */
export type Manifest = z.infer<typeof manifestSchema>;

/** Reads the package.json of a package. */
export async function readManifest(folder: string): Promise<Manifest> {
  return manifestSchema.parse(JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')));
}
