import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { targets } from './faultPlan.ts';
import type { System } from './system.ts';

const lineSchema = z.object({
  level: z.number(),
  msg: z.string().default(''),
  err: z.object({ message: z.string().default(''), stack: z.string().default('') }).optional(),
});

/** What the services logged as errors, each kind once with its count: not wrong in itself, but worth a look. */
export async function readServiceErrors(system: System): Promise<string[]> {
  const counts = new Map<string, number>();
  for (const target of targets) {
    const file = system.outputOf(target);
    if (!existsSync(file)) continue;
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const kind = kindOf(line);
      if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  }
  return [...counts].map(([kind, count]) => `logged ${count}×: ${kind}`);
}

function kindOf(line: string): string | undefined {
  if (line === '') return undefined;
  try {
    const { msg, err } = lineSchema.parse(JSON.parse(line));
    return err ? `${msg}: ${err.message} ${err.stack.split('\n')[1]?.trim() ?? ''}` : msg;
  } catch {
    // Not the logger's: Node itself says something, such as an uncaught error.
    return line.slice(0, 300);
  }
}
