/**
 * Loaded before everything else in a process that stands for a machine whose clock is wrong: its `Date` is
 * `CLOCK_AHEAD_MS` milliseconds ahead. Its monotonic clock and its timers are those of the system, as on such a machine.
 */
const aheadMs = Number(process.env.CLOCK_AHEAD_MS);
const systemNow = Date.now;

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [systemNow() + aheadMs] : args, newTarget),
  get: (target, property, receiver) =>
    property === 'now' ? () => systemNow() + aheadMs : Reflect.get(target, property, receiver),
});

export {};
