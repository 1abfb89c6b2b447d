import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `pnpm test:console`: the built console in a real Chromium, on a real gateway, executor and nats-server. */
export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['packages/console/e2e/**/*.e2e.ts'],
    globalSetup: ['packages/testkit/src/globalSetup.ts', 'packages/console/e2e/globalSetup.ts'],
    pool: 'forks',
    // One browser at a time: the measured ones need the processor to themselves.
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    retry: 0,
    deps: { interopDefault: false },
  },
});
