import { existsSync } from 'node:fs';

/** What a compiler or bundler makes of a source file's ending. */
const compiledEndings: readonly (readonly [source: RegExp, compiled: readonly string[]])[] = [
  [/\.tsx?$/, ['.js', '.mjs', '.cjs']],
  [/\.mts$/, ['.mjs', '.js']],
  [/\.cts$/, ['.cjs', '.js']],
];

/**
 * The file of a sandboxed handler as it is to be loaded: `./report.ts` where that is there, else what it was compiled to
 * beside it, `./report.js`. So `sandboxed(new URL('./report.ts', import.meta.url))` is written once and works from the
 * sources, from the output of tsc, and from a bundle that has the module as an entry of its own.
 *
 * The file as it was named, when neither is there: loading it then says what is missing.
 */
export function moduleToLoad(module: URL, exists: (file: URL) => boolean = existsSync): URL {
  if (exists(module)) return module;
  for (const [source, endings] of compiledEndings) {
    if (!source.test(module.pathname)) continue;
    for (const ending of endings) {
      const compiled = new URL(module);
      compiled.pathname = module.pathname.replace(source, ending);
      if (exists(compiled)) return compiled;
    }
  }
  return module;
}
