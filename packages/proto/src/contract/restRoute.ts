import { z } from 'zod';
import { ContractError } from './contractError.ts';
import { whyNotJson } from './plainJson.ts';

/**
 * A resource-style REST route that starts a task: what {@link restRoute} made of its line.
 *
 * @typeParam I what the task accepts as its input
 */
export type RestRoute<I = unknown> = {
  /** The HTTP method. */
  readonly method: 'POST';
  /** The path as OpenAPI writes it, with `{parameters}`. */
  readonly path: string;
  /** The names of the path's parameters. */
  readonly parameters: readonly string[];
  /** Where the route takes something else than the task's input: what, and how it becomes the input. */
  readonly mapping: { readonly shape: z.ZodObject; readonly toInput: (accepted: unknown) => I } | undefined;
};

/** The first parts of paths below `/v1` that belong to the gateway itself. */
export const ownRestSegments = ['tasks', 'task-types', 'schedules', 'cancellations'] as const;

const line = /^POST (\/v1(?:\/(?:[A-Za-z0-9._~-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+)$/;
const parameter = /\{([^}]+)\}/g;

/**
 * A route that starts a task besides `POST /v1/tasks/{name}`. Path parameters and the fields of the JSON body make up
 * one object; a parameter wins over a field of its name. That object is the task's input, or, with `shape` and
 * `toInput`, becomes it.
 *
 * @param route method and path: `POST /v1/bots/{bot_id}/actions/analyze-document`. Only POST, only below `/v1`.
 * @param mapping where the route takes something else than the task's input: its shape, and how it becomes the input
 * @throws ContractError `BAD_ROUTE` when the line is malformed, its path is the gateway's own, or a parameter is no
 *   field of the shape; `NOT_JSON` when the shape cannot be described as JSON
 *
 * @example
 * ```ts
 * const greet = defineTask({
 *   input: z.object({ bot_id: z.string(), name: z.string() }),
 *   output: z.object({ text: z.string() }),
 *   rest: [restRoute('POST /v1/bots/{bot_id}/actions/greet')],
 * });
 * ```
 */
export function restRoute(route: string): RestRoute<never>;
export function restRoute<S extends z.ZodObject, I>(
  route: string,
  mapping: { readonly shape: S; readonly toInput: (accepted: z.output<S>) => I },
): RestRoute<I>;
export function restRoute<S extends z.ZodObject, I>(
  route: string,
  mapping?: { readonly shape: S; readonly toInput: (accepted: z.output<S>) => I },
): RestRoute<I> {
  const path = line.exec(route)?.[1];
  if (path === undefined) {
    throw new ContractError(
      'BAD_ROUTE',
      `"${route}" is no route of a task: write POST and a path below /v1 whose parts are words or {parameters}, like POST /v1/bots/{bot_id}/actions/greet.`,
    );
  }
  const [, , first] = path.split('/');
  if (ownRestSegments.some(own => own === first) || first?.startsWith('{')) {
    throw new ContractError(
      'BAD_ROUTE',
      `"${route}" cannot begin so: below /v1, ${ownRestSegments.join(', ')} are the gateway's own, and the first part is a word.`,
    );
  }
  const parameters = [...path.matchAll(parameter)].map(([, name = '']) => name);
  if (new Set(parameters).size < parameters.length)
    throw new ContractError('BAD_ROUTE', `"${route}" names a parameter twice.`);
  const checked: RestRoute<I> = {
    method: 'POST',
    path,
    parameters,
    // What is accepted has been parsed by the shape, so it is what toInput takes.
    mapping: mapping && {
      shape: mapping.shape,
      toInput: accepted => mapping.toInput(accepted as z.output<S>),
    },
  };
  if (mapping) requireFields(checked, mapping.shape);
  return checked;
}

/**
 * Checks that a route's parameters have a place in what it takes.
 * @throws ContractError `NOT_JSON`, `BAD_ROUTE`
 */
export function requireFields({ path, parameters }: RestRoute, shape: z.ZodType): void {
  const why = whyNotJson(shape, 'input');
  if (why !== undefined)
    throw new ContractError('NOT_JSON', `The shape of POST ${path} must accept JSON: ${why}`);
  const fields = fieldsOf(z.toJSONSchema(shape, { io: 'input' }));
  const lost = parameters.filter(name => !fields.has(name));
  if (lost.length === 0) return;
  throw new ContractError(
    'BAD_ROUTE',
    `The parameter ${lost.map(name => `{${name}}`).join(', ')} of POST ${path} is no field of what it takes. Name the parameter after a field, or give the route a shape and toInput.`,
  );
}

/** The fields that an object can have by its schema, or each branch of a union. */
function fieldsOf(schema: z.core.JSONSchema.BaseSchema): ReadonlySet<string> {
  const branches = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return new Set([
    ...Object.keys(schema.properties ?? {}),
    ...branches.flatMap(branch => (typeof branch === 'object' ? [...fieldsOf(branch)] : [])),
  ]);
}

/** A path without the names of its parameters: two routes with the same one could not be told apart. */
export function routeKey({ method, path }: RestRoute): string {
  return `${method} ${path.replaceAll(parameter, '{}')}`;
}
