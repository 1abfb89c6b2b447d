/** JSON Schema (draft 2020-12), as far as zod writes it. */
export type JsonSchema = {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly contentEncoding?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
};

/** A whole schema, and whose it is: `old` or `new`. */
export type Side = { readonly root: JsonSchema; readonly label: 'old' | 'new' };

/** Follows references, which zod writes into the schema itself. What stands beside one goes first. */
export function resolve(schema: JsonSchema, { root }: Side): JsonSchema {
  let resolved = schema;
  // A reference to a reference to itself has no meaning; zod writes none.
  for (let steps = 0; resolved.$ref !== undefined && steps < 100; steps += 1) {
    const { $ref, ...beside } = resolved;
    const name = $ref.startsWith('#/$defs/') ? unescaped($ref.slice('#/$defs/'.length)) : undefined;
    const target = $ref === '#' ? root : name === undefined ? undefined : root.$defs?.[name];
    if (!target) return { ...beside, unresolvedReference: $ref };
    resolved = { ...target, ...beside };
  }
  return resolved;
}

function unescaped(part: string): string {
  return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
}
