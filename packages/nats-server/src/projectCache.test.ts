import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultCacheDir } from './projectCache.ts';

it.each([
  ['where LONGHAUL_CACHE says', { LONGHAUL_CACHE: '/somewhere' }, '/app/node_modules/x/dist', '/somewhere'],
  ['in the repository, when it runs from there', {}, '/repo/packages/nats-server/src', '/repo/.longhaul/bin'],
  [
    "in the user's cache, when it is installed as a package",
    { XDG_CACHE_HOME: '/home/ann/.cache' },
    '/app/node_modules/@longhaul/nats-server/dist',
    '/home/ann/.cache/longhaul/bin',
  ],
])('keeps a fetched nats-server %s', (_, env, folder, expected) => {
  expect(defaultCacheDir(env, folder)).toBe(join(expected));
});
