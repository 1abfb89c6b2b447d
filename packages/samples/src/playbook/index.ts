export { lintHandler } from './lint.ts';
export { type PlaybookOptions, playbookOptionsFromEnv } from './options.ts';
export { testHandler } from './testPlaybook.ts';
