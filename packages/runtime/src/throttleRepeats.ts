import { type LogFn, type Logger, symbols } from 'pino';

/** A line that says the same is written again after this long, with how often it was said. */
const defaultEveryMs = 10_000;
/** How many different lines are remembered; of more, each is written. */
const rememberedMost = 1_000;
const warnLevel = 40;

type Repeat = { count: number; readonly timer: NodeJS.Timeout; readonly tell: (repeat: Repeat) => void };
type LogMethodHook = (this: Logger, args: Parameters<LogFn>, method: LogFn, level: number) => void;

/** A logger whose repeated warnings and errors are gathered. */
export type ThrottledLogger = {
  readonly logger: Logger;
  /** Writes what has gathered. What is logged afterwards is written as it comes. */
  readonly stop: () => void;
};

/**
 * Has a logger, and the children made of it from now on, write a warning or error that repeats itself once, and then
 * every ten seconds with the number of times (`repeated`): a loop that fails five times a second fills no disk.
 *
 * Two lines are the same that have level, message and fields in common; of an error, its message counts and its stack
 * does not. So lines about different tasks are all written.
 *
 * @param logger one of our own, such as a child: it is changed
 */
export function throttleRepeats(logger: Logger, everyMs: number = defaultEveryMs): ThrottledLogger {
  const repeats = new Map<string, Repeat>();
  let stopped = false;
  const inner = logger as unknown as { [symbols.hooksSym]: { readonly logMethod?: LogMethodHook } };
  const earlier = inner[symbols.hooksSym].logMethod;

  const logMethod: LogMethodHook = function (args, method, level) {
    const write = (given: Parameters<LogFn>) =>
      earlier ? earlier.call(this, given, method, level) : method.apply(this, given);
    const key = level < warnLevel || stopped ? undefined : keyOf(level, args);
    const known = key === undefined ? undefined : repeats.get(key);
    if (known) {
      known.count += 1;
      return;
    }
    write(args);
    if (key === undefined || repeats.size >= rememberedMost) return;
    const tell = (repeat: Repeat) => {
      if (repeat.count > 0) write(withCount(args, repeat.count));
      repeat.count = 0;
    };
    const timer = setInterval(() => {
      const repeat = repeats.get(key);
      if (repeat && repeat.count > 0) return tell(repeat);
      clearInterval(timer);
      repeats.delete(key);
    }, everyMs).unref();
    repeats.set(key, { count: 0, timer, tell });
  };
  inner[symbols.hooksSym] = { ...inner[symbols.hooksSym], logMethod };
  // The level's methods are made with the hook of the time when it is set.
  const { level } = logger;
  logger.level = level;
  return {
    logger,
    stop: () => {
      stopped = true;
      for (const repeat of repeats.values()) {
        clearInterval(repeat.timer);
        repeat.tell(repeat);
      }
      repeats.clear();
    },
  };
}

function keyOf(level: number, [fields, ...rest]: readonly unknown[]): string | undefined {
  try {
    return JSON.stringify([level, fields, rest], (_key, value: unknown) =>
      value instanceof Error ? [value.name, value.message] : value,
    );
  } catch {
    // What JSON has no words for (a cycle, a BigInt) is not compared.
    return undefined;
  }
}

function withCount([fields, ...rest]: Parameters<LogFn>, repeated: number): Parameters<LogFn> {
  const given: unknown = fields;
  if (typeof given !== 'object' || given === null)
    return [{ repeated }, given, ...rest] as unknown as Parameters<LogFn>;
  const all = given instanceof Error ? { err: given, repeated } : { ...given, repeated };
  return [all, ...rest] as unknown as Parameters<LogFn>;
}
