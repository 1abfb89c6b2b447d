import { existsSync } from 'node:fs';
import { readHandlerLog } from '@longhaul/testkit';
import type { Life, Span } from './lives.ts';
import { stillMs } from './lives.ts';
import type { System } from './system.ts';

/** One call of a handler. `toMs`: when it ended, or (of a killed process or thread) the last moment at which it surely ran. */
export type HandlerRun = Span & {
  readonly taskId: string;
  readonly name: string;
  readonly attempt: number;
  readonly life: Life;
  /** `returned`; `killed` with its process or thread; `running` still. */
  readonly end: 'returned' | 'killed' | 'running';
};

/** Every call of a handler, from the files that the executors wrote, in the order in which each process made them. */
export function readHandlerRuns(system: System): HandlerRun[] {
  return system.lives.flatMap(life => {
    const file = system.handlerLogOf(life);
    return existsSync(file) ? runsOf(life, file) : [];
  });
}

/** A handler in a thread says that it runs every 20 ms. On a busy machine, or suspended, it is late. */
const silentMs = 1_000;

function runsOf(life: Life, file: string): HandlerRun[] {
  const runs: HandlerRun[] = [];
  const open = new Map<string, { -readonly [K in keyof HandlerRun]: HandlerRun[K] }>();
  for (const { what, id, name, attempt, atMs } of readHandlerLog(file)) {
    const key = `${id}/${attempt}`;
    if (what === 'start') {
      const run = {
        taskId: id,
        name,
        attempt,
        life,
        fromMs: atMs,
        toMs: life.endedAtMs === undefined ? stillMs : Math.max(atMs, life.endSentAtMs ?? life.endedAtMs),
        end: life.endedAtMs === undefined ? ('running' as const) : ('killed' as const),
      };
      // Of a thread that is ended by force nothing is heard, not even that it has ended.
      if (isInThread(name)) Object.assign(run, { toMs: atMs, end: 'killed' });
      open.set(key, run);
      runs.push(run);
    } else {
      const run = open.get(key);
      if (!run) throw new Error(`${file}: a handler of ${key} ended that never began.`);
      run.toMs = atMs;
      if (what === 'beat')
        run.end = life.endedAtMs === undefined && Date.now() - atMs < silentMs ? 'running' : 'killed';
      else {
        run.end = 'returned';
        open.delete(key);
      }
    }
  }
  return runs;
}

/** Whether a task's handler runs in a thread of its own. */
export function isInThread(name: string): boolean {
  return name.startsWith('thread.');
}
