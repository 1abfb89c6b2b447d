import type { RunningService, startService } from './service.ts';

/** How often in a row a service may end by itself before that is everybody's end. */
const restartsAllowed = 5;
/** A service that ran for so long has earned a new count. */
const soundAfterMs = 60_000;

/** Keeps one service running: starts another when it ends by itself, as a platform would. */
export async function supervise(
  name: string,
  start: () => ReturnType<typeof startService>,
  say: (line: string) => void,
  onGiveUp: (why: string) => void,
): Promise<{ readonly ready: Record<string, unknown>; readonly stop: () => Promise<void> }> {
  let current: RunningService = await start();
  let stopping = false;
  const { ready } = current;
  const watch = async () => {
    let failures = 0;
    for (;;) {
      const sinceMs = Date.now();
      const how = await current.ended;
      if (stopping) return;
      failures = Date.now() - sinceMs > soundAfterMs ? 1 : failures + 1;
      if (failures > restartsAllowed) {
        onGiveUp(`the ${name} ended ${failures} times in a row`);
        return;
      }
      say(`The ${name} ended (${how}); starting another. What it was working on goes on there.`);
      current = await start();
    }
  };
  watch().catch((error: unknown) => onGiveUp(error instanceof Error ? error.message : String(error)));
  return {
    ready,
    stop: async () => {
      stopping = true;
      await current.stop();
    },
  };
}
