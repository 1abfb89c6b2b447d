import { types } from 'node:util';
import { messageOf } from '../failure/describeThrown.ts';
import { readableJson } from '../failure/readableJson.ts';
import { cleanText, isInstance, preview, readItems } from '../failure/safeRead.ts';

/** How long one log line may be; the rest is cut off. */
export const logLineChars = 8_192;
/** How large the fields of one log line may be; larger ones are left out. */
export const logFieldsBytes = 32 * 1024;

const shortTextChars = 500;

/** A line of a task's log as it is published. */
export type LogLine = { readonly message: string; readonly fields?: Record<string, unknown> };

/**
 * Makes a log line of any values that a handler passes to its log: a text, an error, fields without a text or before it, a
 * number, nothing. Never throws: a log line must never fail its task. Fields are copied, so that later changes do not reach
 * them.
 */
export function logLine(first: unknown, second?: unknown): LogLine {
  try {
    // The order of other loggers: the fields first.
    if (isFields(first) && typeof second === 'string') return withFields(second, first);
    return withFields(textOf(first), ...fieldsOf(first, second));
  } catch {
    return { message: 'A log line that cannot be shown.' };
  }
}

function withFields(text: string, ...parts: readonly object[]): LogLine {
  const message = cleanText(text, logLineChars);
  if (parts.length === 0) return { message };
  let bytes = 0;
  // Tried again with shorter texts, so that one long stack does not displace the other fields.
  for (const textChars of [logLineChars, shortTextChars]) {
    const fields = Object.fromEntries(parts.flatMap(part => Object.entries(readFields(part, textChars))));
    bytes = Buffer.byteLength(JSON.stringify(fields));
    if (bytes <= logFieldsBytes) return { message, fields };
  }
  return { message, fields: { fieldsLeftOut: `${bytes} bytes, more than ${logFieldsBytes}` } };
}

function readFields(part: object, textChars: number): object {
  const read = readableJson(part, textChars);
  return typeof read === 'object' && read !== null && !Array.isArray(read) ? read : { value: read };
}

function textOf(first: unknown): string {
  if (typeof first === 'string') return first;
  return isError(first) ? messageOf(first) : preview(first);
}

/** The fields of the two values: an error is described in full, and other values are kept by name. */
function fieldsOf(first: unknown, second: unknown): object[] {
  const parts: object[] = [];
  if (isError(first)) parts.push({ err: first });
  else if (isFields(first)) parts.push(first);
  else if (typeof first === 'object' && first !== null) parts.push({ value: first });
  if (isError(second)) parts.push({ err: second });
  else if (isFields(second)) parts.push(second);
  else if (second !== undefined) parts.push({ value: second });
  return parts;
}

function isError(value: unknown): boolean {
  return isInstance(value, Error) || types.isNativeError(value);
}

/** An object with named members: no error, list, Map, Set or Date. */
function isFields(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isError(value)) return false;
  return !(readItems(value, 0) || types.isMap(value) || types.isSet(value) || types.isDate(value));
}

/** How many log lines of one task become events in one second. Further lines are only counted. */
export const logLinesPerSecond = 200;

/** Limits a task's log, and counts what it dropped, so that no line is dropped silently. */
export class LogLimit {
  #secondMs = 0;
  #lines = 0;
  #dropped = 0;

  /**
   * Decides whether one more line may be published.
   * @returns whether it may, and how many were dropped since the last line that was published
   */
  admit(nowMs: number, hasRoom: boolean): { readonly ok: boolean; readonly dropped: number } {
    // `nowMs` is smaller where the clock was set back.
    if (nowMs - this.#secondMs >= 1_000 || nowMs < this.#secondMs) {
      this.#secondMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= logLinesPerSecond || !hasRoom) {
      this.#dropped += 1;
      return { ok: false, dropped: 0 };
    }
    this.#lines += 1;
    return { ok: true, dropped: this.takeDropped() };
  }

  /** How many lines were dropped and not reported yet. Resets the count. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}

/** The log line that is published in place of dropped lines. */
export function droppedText(count: number): string {
  return `${count} log line${count === 1 ? ' was' : 's were'} dropped: too many at once.`;
}
