import { z } from 'zod';

type JsonSchema = Record<string, unknown>;
type Direction = 'input' | 'output';

const prefix = '#/components/schemas/';
const ownDefinition = '#/$defs/';

/** The schemas of an OpenAPI document, each under a name of its own. */
export class Components {
  readonly schemas: Record<string, JsonSchema> = {};
  readonly #names = new Map<z.ZodType, string>();

  /**
   * Puts a schema among the components.
   *
   * @param name its name there; the same schema is there once, under the first one
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
    // Two schemas of one name would be one wrong description that nobody sees.
    if (Object.hasOwn(this.schemas, name)) throw new Error(`Two schemas are called ${name}.`);
    this.schemas[name] = schema;
  }
}

/** A schema that stands where it is used. */
export function jsonSchemaOf(schema: z.ZodType, io: Direction): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io });
  return json as JsonSchema;
}

/** Inside an OpenAPI document `#` is the document and not the schema: references are led to the components. */
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

/** OpenAPI is stricter about names than whoever gave the schema its id. */
function definitionName(name: string, key: string): string {
  return `${name}.${key.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;
}

/** The key that the end of a JSON pointer (RFC 6901) stands for. */
function keyOf(pointed: string): string {
  return pointed.replaceAll('~1', '/').replaceAll('~0', '~');
}
