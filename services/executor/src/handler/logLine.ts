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
 * A log line of whatever a handler gave to its log: a text, an error, fields without a text or with the text behind
 * them, a number, nothing. Kept and readable in any case, and never throws: a log line must never hurt its task. Fields
 * are copied, so that they stay what they were.
 */
export function logLine(first: unknown, second?: unknown): LogLine {
  try {
    // As other loggers take it: the fields first.
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
  // Once more with shorter texts, so that one long stack does not cost all the others.
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

/** What belongs to the fields, of the two: an error is told in full there, and other values are kept by name. */
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

/** An object of named parts, and no error, list, Map or the like. */
function isFields(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isError(value)) return false;
  return !(readItems(value, 0) || types.isMap(value) || types.isSet(value) || types.isDate(value));
}

/** How many log lines of one task become events in one second; a chattier handler's further lines are counted only. */
export const logLinesPerSecond = 200;
/**
 * Bounds a task's log. Says what it dropped, so that a full buffer is never a silent one.
 */
export class LogLimit {
  #secondMs = 0;
  #lines = 0;
  #dropped = 0;

  /**
   * Asks whether one more line may go out.
   * @returns whether it may, and how many were dropped since the last one that did
   */
  admit(nowMs: number, hasRoom: boolean): { readonly ok: boolean; readonly dropped: number } {
    // The other way round where the clock was set back.
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

  /** How many lines were dropped and not yet spoken of. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}

/** What is said in place of lines that were dropped. */
export function droppedText(count: number): string {
  return `${count} log line${count === 1 ? ' was' : 's were'} dropped: too many at once.`;
}
