import { isUnread } from './faults.ts';
import type { Value } from './schema.ts';

/** What is sent: without what was left out, which JSON does not have. */
export function toJson(value: Value): Value {
  if (isUnread(value)) return value.unread;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (part === undefined ? [] : [[key, toJson(part)]])),
  );
}

/** What a text field of a number holds, read. */
export function readNumber(text: string): Value {
  if (text.trim() === '') return undefined;
  const number = Number(text.replace(',', '.'));
  return Number.isFinite(number) ? number : { unread: text };
}

/** What a text field of JSON holds, read. */
export function readJson(text: string): Value {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return { unread: text };
  }
}

/** A file's bytes as base64, as JSON carries them. */
export async function toBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const chunk = 32_768;
  let text = '';
  for (let from = 0; from < bytes.length; from += chunk)
    text += String.fromCharCode(...bytes.subarray(from, from + chunk));
  return btoa(text);
}
