import { z } from 'zod';

type JsonSchema = Record<string, unknown>;
type Direction = 'input' | 'output';

const prefix = '#/components/schemas/';
const ownDefinition = '#/$defs/';

/** The schemas of an OpenAPI document, each with a unique name. */
export class Components {
  readonly schemas: Record<string, JsonSchema> = {};
  readonly #names = new Map<z.ZodType, string>();

  /**
   * Adds a schema to the components.
   *
   * @param name its name; a schema that was added before keeps its first name
   * @returns a reference to it
   */
  reference(schema: z.ZodType, name: string, io: Direction): { readonly $ref: string } {
    const known = this.#names.get(schema);
    if (known !== undefined) return { $ref: prefix + known };
    this.#names.set(schema, name);
    const { $defs = {}, ...json } = jsonSchemaOf(schema, io);
    const renamed = (value: unknown) => withReferences(value, name) as JsonSchema;
    this.#put(name, renamed(json));
    for (const [key, definition] of Object.entries($defs as Record<string, JsonSchema>))
      this.#put(definitionName(name, key), renamed(definition));
    return { $ref: prefix + name };
  }

  #put(name: string, schema: JsonSchema): void {
    // Two schemas with one name would silently give a wrong description.
    if (Object.hasOwn(this.schemas, name)) throw new Error(`Two schemas have the name ${name}.`);
    this.schemas[name] = schema;
  }
}

/** The JSON Schema of a schema that is described inline. */
export function jsonSchemaOf(schema: z.ZodType, io: Direction): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io });
  return json as JsonSchema;
}

/** In an OpenAPI document `#` is the document and not the schema, so references are changed to the components. */
function withReferences(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map(item => withReferences(item, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key !== '$ref' || typeof item !== 'string') return [key, withReferences(item, name)];
      if (item === '#') return [key, prefix + name];
      return [
        key,
        item.startsWith(ownDefinition)
          ? prefix + definitionName(name, keyOf(item.slice(ownDefinition.length)))
          : item,
      ];
    }),
  );
}

/** OpenAPI allows fewer characters in names than schema ids can have. */
function definitionName(name: string, key: string): string {
  return `${name}.${key.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;
}

/** Decodes a token of a JSON pointer (RFC 6901). */
function keyOf(pointed: string): string {
  return pointed.replaceAll('~1', '/').replaceAll('~0', '~');
}
