import { openSync, readFileSync, writeSync } from 'node:fs';
import type { HandlersOf, TaskContext } from '@longhaul/executor';
import { z } from 'zod';

const lineSchema = z.object({
  /** `beat`: it runs still. */
  what: z.enum(['start', 'beat', 'end']),
  /** Milliseconds since the epoch. */
  atMs: z.number(),
  id: z.string(),
  name: z.string(),
  attempt: z.number(),
});
/** A handler has begun, runs, or has ended. */
export type HandlerLogLine = z.infer<typeof lineSchema>;

/**
 * Makes each handler of a tree write its start and its end to a file, each before the executor can act on it. Sandboxed
 * ones are left as they are: their modules write it themselves.
 */
export function logHandlers<C>(handlers: HandlersOf<C>, file: string): HandlersOf<C> {
  // Appended synchronously, so that a killed process has said all that it did.
  const descriptor = openSync(file, 'a');
  const write = (what: HandlerLogLine['what'], { task, attempt }: TaskContext) =>
    writeSync(
      descriptor,
      `${JSON.stringify({ what, atMs: Date.now(), id: task.id, name: task.name, attempt } satisfies HandlerLogLine)}\n`,
    );
  const wrap = (node: unknown): unknown => {
    if (typeof node === 'function') {
      return async (context: TaskContext) => {
        write('start', context);
        try {
          return await node(context);
        } finally {
          write('end', context);
        }
      };
    }
    if (Object.getPrototypeOf(node) !== Object.prototype) return node;
    return Object.fromEntries(Object.entries(node as object).map(([key, child]) => [key, wrap(child)]));
  };
  return wrap(handlers) as HandlersOf<C>;
}

/** Reads what `logHandlers` wrote. A last line that a kill cut in two is left out. */
export function readHandlerLog(file: string): HandlerLogLine[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map(line => lineSchema.parse(JSON.parse(line)));
}
