import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'services/*/src/**/*.test.ts',
      'scripts/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    // Type tests are compiled by tsc with everything else; there is nothing to run in them.
    exclude: ['**/node_modules/**', '**/*.types.test.ts'],
    globalSetup: ['packages/testing/src/globalSetup.ts'],
    // Every REST answer that a test reads has to be what the OpenAPI document says.
    setupFiles: ['test/rest/checkEveryAnswer.ts'],
    // Tests kill processes, change the environment and load Node's own addons: each file gets a process.
    pool: 'forks',
    // Most tests wait for a server, so a few more files than cores keep both busy.
    maxWorkers: 3,
    // One deadline for a laptop and for CI. A test that needs a second try has found something.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    retry: 0,
    // CommonJS packages are imported as Node does it, so that what passes here also runs.
    deps: { interopDefault: false },
  },
});
