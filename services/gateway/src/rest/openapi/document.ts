import { errorCatalogue, type GatewayErrorCode } from '@longhaul/proto/wire';
import { z } from 'zod';
import { isTemporary } from '../../errors.ts';
import type { AnswerDoc, Operation } from '../operation.ts';
import { problemSchema, problemType, statusOf } from '../problem.ts';
import { Components, jsonSchemaOf } from './components.ts';

type Json = Record<string, unknown>;
export type OpenApiDocument = Json & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
};

/** The errors that every operation can be answered with. */
const always = [
  'INVALID_REQUEST',
  'UNAUTHENTICATED',
  'TOO_MANY_REQUESTS',
  'NOT_ACCEPTABLE',
  'NATS_UNAVAILABLE',
  'TOPOLOGY_LOST',
  'STORAGE_FULL',
  'OVERLOADED',
  'SHUTTING_DOWN',
] as const;
/** The tags that are not task types. */
const ownTags: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Tasks: 'Reads, watches, steers and retries tasks.',
    'Task types': 'The task types of the contract.',
    Schedules: 'Tasks that are started at recurring times.',
  }),
);
const description = `Starts, watches and cancels long-running tasks.

A start is answered at once with the URL path of the task. Read its state there, after the seconds of \`Retry-After\`, or
read its events. Errors are problem details (RFC 9457); their \`type\` is explained at \`/docs/errors\`.`;

/** Creates the OpenAPI 3.1 document of the operations, from the same schemas that validate requests and answers. */
export function openApiDocument(operations: readonly Operation[], version: string): OpenApiDocument {
  const components = new Components();
  const problem = components.reference(problemSchema, 'Problem', 'output');
  const paths: Record<string, Record<string, Json>> = {};
  for (const one of operations) {
    paths[one.path] = { ...paths[one.path], [one.method]: operationObject(one, components, problem) };
  }
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return {
    openapi: '3.1.1',
    info: {
      title: 'Longhaul',
      version,
      description,
    },
    servers: [{ url: '/' }],
    tags: tags.map(name => ({ name, description: ownTags.get(name) ?? `Starts of \`${name}\`.` })),
    // The empty one is for gateways without authentication.
    security: [{ bearer: [] }, {}],
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operationObject(one: Operation, components: Components, problem: Json): Json {
  const parameters = [
    ...parametersOf('path', one.params),
    ...parametersOf('query', one.query),
    ...parametersOf('header', one.headers),
  ];
  return {
    operationId: one.id,
    tags: [one.tag],
    summary: one.summary,
    ...(one.description === undefined ? {} : { description: one.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(one.body
      ? {
          requestBody: {
            required: one.body.required,
            content: {
              'application/json': {
                schema: components.reference(one.body.schema, `${one.id}.body`, 'input'),
              },
            },
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(one.answers).map(([status, answer]) => [
          status,
          answerObject(answer, `${one.id}.${status}`, components),
        ]),
      ),
      ...problemObjects(one, problem),
    },
  };
}

function parametersOf(place: 'path' | 'query' | 'header', schema: z.ZodObject | undefined): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, part]) => {
    const { description: about, ...rest } = part as Json;
    return {
      name,
      in: place,
      ...(about === undefined ? {} : { description: about }),
      required: place === 'path' || required.includes(name),
      ...(rest.type === 'array' ? { style: 'form', explode: false } : {}),
      schema: rest,
    };
  });
}

function answerObject(
  { description: about, schema, contentType, headers }: AnswerDoc,
  name: string,
  components: Components,
): Json {
  return {
    description: about,
    ...(headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([header, { description: what, schema: part, required }]) => [
              header,
              { description: what, required, schema: jsonSchemaOf(part, 'output') },
            ]),
          ),
        }),
    ...(schema === undefined
      ? {}
      : {
          content: {
            [contentType ?? 'application/json']: {
              schema: components.reference(schema, schema.meta()?.title ?? name, 'output'),
            },
          },
        }),
  };
}

/** The problems of an operation by status. Several errors can have the same status. */
function problemObjects(one: Operation, problem: Json): Json {
  const codes: (GatewayErrorCode | 'INTERNAL')[] = [...always, 'INTERNAL', ...one.problems];
  if (one.params) codes.push('URI_TOO_LONG');
  // A DELETE needs no body, but one that is sent is read.
  if (one.body || one.method === 'delete')
    codes.push('UNSUPPORTED_MEDIA_TYPE', 'PAYLOAD_TOO_LARGE', 'TOO_MANY_VALUES');
  const byStatus = Map.groupBy(new Set(codes), statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => [
      status,
      {
        description: all.map(adviceOf).join('\n'),
        ...(isTemporary(status) ? { headers: { 'retry-after': retryHeader } } : {}),
        ...(status === 401 ? { headers: { 'www-authenticate': authenticateHeader } } : {}),
        content: { [problemType]: { schema: problem } },
      },
    ]),
  );
}

const retryHeader = {
  description: 'Seconds to wait before trying again.',
  required: true,
  schema: { type: 'string', pattern: '^\\d+$' },
};
const authenticateHeader = {
  description: 'How to authenticate (RFC 9110).',
  required: true,
  schema: { type: 'string' },
};

function adviceOf(code: GatewayErrorCode | 'INTERNAL'): string {
  return code === 'INTERNAL'
    ? '`INTERNAL`: an unexpected error in the gateway; its log has the cause under the id in `detail`.'
    : `\`${code}\`: ${errorCatalogue[code].advice.replace('REST only: ', '')}`;
}
