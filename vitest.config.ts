import { defineConfig } from 'vitest/config';

/** Tests that take long by nature: processes that are killed, generated histories, many watchers. */
const long = [
  'packages/*/src/**/*.long.test.ts',
  'services/*/src/**/*.long.test.ts',
  'test/**/*.long.test.ts',
];

/** These start servers of their own from the binary, or need none, whatever the others run on: once is enough. */
const ownServers = [
  'packages/cli/src/dev/**',
  'packages/create-longhaul/**',
  'services/executor/src/sandbox/callSandboxed.long.test.ts',
  'test/cancelModel/cancelModel.long.test.ts',
  'test/chaos/**',
  'test/cluster/**',
  'test/messages/**',
  'test/storm/**',
  'test/typeBudget.long.test.ts',
  'test/types/**',
];

export default defineConfig({
  test: {
    globalSetup: ['packages/testkit/src/globalSetup.ts'],
    // Every REST answer that a test reads has to be what the OpenAPI document says.
    setupFiles: ['test/rest/checkEveryAnswer.ts'],
    // Tests kill processes, change the environment and load Node's own addons: threads would share too much.
    pool: 'forks',
    // One deadline for a laptop and for CI. A test that needs a second try has found something.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is polled comes by itself; on a loaded machine it comes late.
    expect: { poll: { timeout: 30_000 } },
    retry: 0,
    // CommonJS packages are imported as Node does it, so that what passes here also runs.
    deps: { interopDefault: false },
    projects: [
      {
        extends: true,
        test: {
          // What `npm test` runs.
          name: 'quick',
          include: [
            'packages/*/src/**/*.test.ts',
            'services/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/**/*.test.ts',
          ],
          // Type tests are compiled by tsc with everything else; there is nothing to run in them.
          exclude: ['**/node_modules/**', '**/*.types.test.ts', ...long],
          // A process serves many files, so that each module is loaded once a process and not once a file.
          isolate: false,
          // Most tests wait for a server, so more files than cores keep all busy.
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // What `npm run test:long` and `.ci/run` run as well.
          name: 'long',
          include: long,
          exclude: [
            '**/node_modules/**',
            ...(process.env.LONGHAUL_TEST_NATS === 'container' ? ownServers : []),
          ],
          maxWorkers: 3,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
