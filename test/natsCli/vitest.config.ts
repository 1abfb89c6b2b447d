import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm run test:nats-cli`: the documented `nats` command lines with the real command line, which has to be there. */
export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/natsCli/*.cli.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: 0,
    deps: { interopDefault: false },
  },
});
