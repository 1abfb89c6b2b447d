// `pnpm lint:imports`: who may import whom. Types count as well: a type that needs the other folder ties the two together.

/** Which packages a package may import, besides itself. What is not named here may import nothing of ours. */
const allowed = {
  'packages/proto': [],
  'packages/runtime': [],
  'packages/nats-server': [],
  'packages/client': ['packages/proto'],
  'packages/console': ['packages/client', 'packages/proto'],
  'packages/broker': ['packages/proto'],
  'services/gateway': ['packages/broker', 'packages/proto', 'packages/runtime'],
  'services/executor': ['packages/broker', 'packages/proto', 'packages/runtime'],
  'packages/samples': ['packages/proto', 'services/executor'],
  'packages/testing': [
    'packages/broker',
    'packages/client',
    'packages/nats-server',
    'packages/proto',
    'services/executor',
    'services/gateway',
  ],
  'packages/cli': [
    'packages/broker',
    'packages/client',
    'packages/console',
    'packages/nats-server',
    'packages/proto',
    'packages/runtime',
    'services/executor',
    'services/gateway',
  ],
  'packages/create-longhaul': [],
  'packages/testkit': [
    'packages/nats-server',
    'packages/proto',
    'packages/runtime',
    'packages/testing',
    'services/executor',
    'services/gateway',
  ],
};

const tests = [
  '\\.test\\.tsx?$',
  '/fixtures/',
  '^packages/console/e2e/',
  '/testPlaybooks\\.ts$',
  '/testStage\\.ts$',
];

const directions = Object.entries(allowed).map(([folder, others]) => ({
  name: `${folder.replace('/', '-')}-imports`,
  severity: 'error',
  comment: `${folder} may import ${others.join(', ') || 'no other package'} of this repository.`,
  from: { path: `^${folder}/`, pathNot: tests },
  to: {
    path: '^(packages|services|test|scripts|bench|examples)/',
    pathNot: [folder, ...others].map(each => `^${each}/`),
  },
}));

export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Files that import each other, by whatever way, are one idea in several files.',
      from: { pathNot: tests },
      to: { circular: true },
    },
    {
      name: 'only-what-is-declared',
      severity: 'error',
      comment: 'A published package installs what its own package.json names, and nothing else.',
      from: { path: '^(packages|services)/[^/]+/src/', pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'only-what-is-found',
      severity: 'error',
      comment: 'An import that leads nowhere.',
      from: {},
      to: { couldNotResolve: true, pathNot: '^bun:' },
    },
    ...directions,
  ],
  options: {
    // TypeScript 7 has no interface for such tools: this one has a TypeScript 5.9 of its own (pnpm-workspace.yaml).
    parser: 'tsc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // The template of an app is a program of its own: it uses the packages as a user's does.
    exclude: { path: ['/dist/', '\\.d\\.ts$', '/template/', '/\\.longhaul/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
};
