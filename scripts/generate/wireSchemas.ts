import {
  cancelReplySchema,
  cancelRequestSchema,
  controlReplySchema,
  controlRequestSchema,
  eventSchema,
  executorStatusSchema,
  failureSchema,
  fireSchema,
  freedSchema,
  holderReplySchema,
  holderRequestSchema,
  permitsSchema,
  rateSchema,
  recordSchema,
  requestSchema,
  scheduleSchema,
  wakeSchema,
} from '@longhaul/proto/wire';
import { z } from 'zod';

const messages = {
  request: requestSchema,
  event: eventSchema,
  record: recordSchema,
  cancelRequest: cancelRequestSchema,
  cancelReply: cancelReplySchema,
  controlRequest: controlRequestSchema,
  controlReply: controlReplySchema,
  holderRequest: holderRequestSchema,
  holderReply: holderReplySchema,
  executorStatus: executorStatusSchema,
  schedule: scheduleSchema,
  fire: fireSchema,
  permits: permitsSchema,
  rate: rateSchema,
  freed: freedSchema,
  wake: wakeSchema,
  failure: failureSchema.meta({
    title: 'TaskFailure',
    description: 'Why a task or an attempt failed: the `error` of events and records.',
  }),
};

/** The keywords in the order in which a reader wants them; those not named follow in zod's order. */
const keywordOrder = ['$schema', '$id', 'title', 'description', 'type', 'const', 'enum', 'required'];
/** Keywords whose values are maps of names to schemas: the names keep their order. */
const maps = new Set(['properties', '$defs']);

/**
 * The JSON Schemas (draft 2020-12) of the wire messages, by name.
 *
 * They say what a writer may send (`io: 'input'`), so a field that they do not know is allowed: readers pass over it.
 */
export function wireSchemas(): ReadonlyMap<string, object> {
  return new Map(
    Object.entries(messages).map(([name, schema]) => {
      const generated = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' });
      const { title, description } = generated;
      if (!title || !description)
        throw new Error(`The schema of ${name} needs a title and a description: add them with .meta().`);
      return [name, ordered({ ...generated, $id: `urn:longhaul:wire:1:${name}` }) as object];
    }),
  );
}

function ordered(node: unknown, isMap = false): unknown {
  if (Array.isArray(node)) return node.map(item => ordered(item));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node);
  if (!isMap) entries.sort(([a], [b]) => place(a) - place(b));
  return Object.fromEntries(entries.map(([key, value]) => [key, ordered(value, !isMap && maps.has(key))]));
}

function place(keyword: string): number {
  const index = keywordOrder.indexOf(keyword);
  return index < 0 ? keywordOrder.length : index;
}

/** The widest line that the formatter leaves in one piece. */
const columns = 110;

/** Writes JSON the way the project's formatter does: lists of plain values stand in one line where they fit. */
export function jsonText(value: unknown): string {
  return `${write(value, '', 0)}\n`;
}

/** @param before how many columns of the line are taken by what stands before the value (and a comma after it) */
function write(value: unknown, indent: string, before: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const inOneLine = `[${value.map(item => JSON.stringify(item)).join(', ')}]`;
    const plain = value.every(item => typeof item !== 'object' || item === null);
    if (plain && before + inOneLine.length < columns) return inOneLine;
    return `[\n${value.map(item => deeper + write(item, deeper, deeper.length)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, item]) => {
    const start = `${deeper}${JSON.stringify(key)}: `;
    return start + write(item, deeper, start.length);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
