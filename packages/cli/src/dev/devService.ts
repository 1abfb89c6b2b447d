import {
  type Ready,
  type ServiceCommand,
  type ServiceProcess,
  startServiceProcess,
} from './serviceProcess.ts';

/** A service of `longhaul dev`, which outlives the processes that run it. */
export type DevService = {
  /** What it told of itself when it was ready last. */
  readonly ready: () => Ready;
  /** Runs it with the code as it is now. What cannot be loaded replaces nothing. */
  readonly replace: () => Promise<void>;
  /** Whether it runs code of this file; `true` also while it is down, so that any change gives it another try. */
  readonly runs: (file: string) => boolean;
  /** Ends it. Called again, it hurries. */
  readonly stop: () => Promise<void>;
};

/** How often in a row it may end by itself before the next change is awaited. */
const restartsAllowed = 5;
/** A process that ran for so long has earned a new count. */
const soundAfterMs = 60_000;

/**
 * Starts a service and keeps it running: another process takes its place when it ends by itself, or when its code changes.
 *
 * @throws Error when it cannot start the first time
 */
export async function startDevService(
  command: ServiceCommand,
  say: (line: string) => void,
): Promise<DevService> {
  const { name } = command;
  let current: ServiceProcess | undefined;
  let ready: Ready = {};
  let stopping = false;
  let ends = 0;
  /** One change after the other: each begins with what the one before left. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const done = turn.then(act);
    turn = done.catch(() => {});
    return done;
  };

  /** Answers why there is no new process, or `undefined`. */
  const swap = async (): Promise<string | undefined> => {
    const next = startServiceProcess(command);
    const ended = await next.loaded;
    if (ended !== undefined) return `its code cannot be loaded (${ended})`;
    const before = current;
    current = next;
    await before?.stop();
    if (stopping) {
      await next.stop();
      return undefined;
    }
    const begun = Date.now();
    const answer = await next.go();
    if (typeof answer === 'string') {
      current = undefined;
      return `it cannot start (${answer})`;
    }
    ready = answer;
    void next.ended.then(how => {
      // Its end was asked for where another has its place by now.
      if (stopping || current !== next) return;
      current = undefined;
      ends = Date.now() - begun > soundAfterMs ? 1 : ends + 1;
      void inTurn(() => afterEnd(how));
    });
    return undefined;
  };

  const afterEnd = async (how: string) => {
    if (stopping || current) return;
    if (ends > restartsAllowed) {
      say(`The ${name} ended ${ends} times in a row (${how}). Change its code, and it is started again.`);
      return;
    }
    say(`The ${name} ended (${how}); starting another. Its work continues there.`);
    const why = await swap();
    if (why !== undefined) say(`The ${name} is down: ${why}. Change its code, and it is started again.`);
  };

  const failed = await inTurn(swap);
  if (failed !== undefined)
    throw new Error(`The ${name} could not start: ${failed}. What it wrote is above.`);

  return {
    ready: () => ready,
    runs: file => current?.hasLoaded(file) ?? true,
    replace: () =>
      inTurn(async () => {
        if (stopping) return;
        ends = 0;
        const why = await swap();
        if (why === undefined) say(`The ${name} runs the new code.`);
        else say(`The ${name} ${current ? 'keeps the code of before' : 'is down'}: ${why}.`);
      }),
    stop: async () => {
      stopping = true;
      await current?.stop();
      await turn;
      await current?.stop();
    },
  };
}
