import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const folder = new URL('../../docs/protocol/schemas/', import.meta.url);

/**
 * Reads a committed JSON Schema as a validator.
 *
 * @param name `event` for `docs/protocol/schemas/event.schema.json`
 * @param fields `documented`: a field that the schema does not name is refused as well, so that nothing on the wire can
 *   go undocumented; `any`: as the schema says
 */
export async function committedSchema(name: string, fields: 'documented' | 'any'): Promise<z.ZodType> {
  const schema: unknown = JSON.parse(await readFile(new URL(`${name}.schema.json`, folder), 'utf8'));
  const read = fields === 'documented' ? closed(schema) : schema;
  return z.fromJSONSchema(read as Parameters<typeof z.fromJSONSchema>[0]);
}

function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, closed(value)]);
  const closing = 'properties' in node && !('additionalProperties' in node);
  return Object.fromEntries(closing ? [...entries, ['additionalProperties', false]] : entries);
}
