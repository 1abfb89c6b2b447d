import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TaskDefinition } from '@longhaul/proto';
import { z } from 'zod';
import type { DefinedHandler } from './defineHandler.ts';
import type { HandlerAddress } from './threadMessages.ts';

/**
 * Loads a handler in its thread.
 * @throws Error that names the file and the export that is missing or wrong; what the module itself threw
 */
export async function loadHandler(address: HandlerAddress): Promise<DefinedHandler<TaskDefinition>> {
  const { module, exportName } = address;
  const loaded: Record<string, unknown> = await import(module);
  const found = loaded[exportName];
  if (isDefinedHandler(found)) return found;
  const exported = Object.keys(loaded).join(', ') || 'nothing';
  throw new Error(
    `${fileURLToPath(module)} must export a handler made by defineHandler(definition, handler) as "${exportName}"; it exports ${exported}.`,
  );
}

function isDefinedHandler(value: unknown): value is DefinedHandler<TaskDefinition> {
  if (typeof value !== 'function') return false;
  const { definition } = value as { definition?: { kind?: unknown } };
  return definition?.kind === 'task';
}

/** The endings that a compiler or bundler gives to a source file. */
const compiledEndings: readonly (readonly [source: RegExp, compiled: readonly string[]])[] = [
  [/\.tsx?$/, ['.js', '.mjs', '.cjs']],
  [/\.mts$/, ['.mjs', '.js']],
  [/\.cts$/, ['.cjs', '.js']],
];

/**
 * The file of a sandboxed handler to load: `./report.ts` where it exists, else the compiled file beside it, `./report.js`.
 * So one `sandboxed(new URL('./report.ts', import.meta.url))` works from the sources, from the output of tsc, and from a
 * bundle that has the module as an entry of its own.
 *
 * Where neither exists, it is the file as it was named: the error of its import then names what is missing.
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

/**
 * A definition as text, to be compared across threads: definitions that differ in titles, schemas or policy have different
 * fingerprints. Default values are left out, since they may differ each time.
 */
export function fingerprint(definition: TaskDefinition): string {
  const { title, description, input, progress, output, errors, policy } = definition;
  return JSON.stringify({
    title,
    description,
    input: describe(input, 'input'),
    progress: describe(progress, 'output'),
    output: describe(output, 'output'),
    errors: Object.entries(errors).map(([code, schema]) => [code, describe(schema, 'output')]),
    policy,
  });
}

function describe(schema: z.ZodType, io: 'input' | 'output'): unknown {
  return z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => {
      delete jsonSchema.default;
    },
  });
}
