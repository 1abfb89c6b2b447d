const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A duration in at most two units: `320 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms < secondMs) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * secondMs) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)} s`;
  if (ms < hourMs) return two(ms, minuteMs, 'min', secondMs, 's');
  if (ms < dayMs) return two(ms, hourMs, 'h', minuteMs, 'min');
  return two(ms, dayMs, 'd', hourMs, 'h');
}

/** A duration in one unit: `320 ms`, `4.2 s`, `1.7 min`, `2 h`. */
export function roundDurationText(ms: number): string {
  const in1 = (unitMs: number, unit: string) => `${Number((ms / unitMs).toPrecision(2))} ${unit}`;
  if (ms < secondMs) return in1(1, 'ms');
  if (ms < minuteMs) return in1(secondMs, 's');
  if (ms < hourMs) return in1(minuteMs, 'min');
  return ms < dayMs ? in1(hourMs, 'h') : in1(dayMs, 'd');
}

function two(ms: number, bigMs: number, big: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % bigMs) / smallMs);
  return rest === 0
    ? `${Math.floor(ms / bigMs)} ${big}`
    : `${Math.floor(ms / bigMs)} ${big} ${rest} ${small}`;
}

const timeOfDay = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
});

// A formatter takes a hundred times as long to make as to use.
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hour12: false });

/** Day and time, exactly. */
export function wholeInstantText(instant: string): string {
  return whole.format(new Date(instant));
}

/** An instant in the reader's time zone: the time of day when it is of today, else the day as well. */
export function instantText(instant: string, nowMs: number): string {
  const at = new Date(instant);
  return at.toDateString() === new Date(nowMs).toDateString() ? timeOfDay.format(at) : dayAndTime.format(at);
}
