import {
  type AnyTRPCRouter,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
} from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isTemporary } from '../errors.ts';
import { jsonOfList, sendChunks } from '../largeBodies/jsonOfList.ts';
import { largeBodyOf } from '../largeBodies/readLargeBodies.ts';
import type { BodyShape } from '../largeBodies/shapes.ts';
import type { Context } from '../rpc/trpc.ts';

/** A plain call: the path of its procedure, and its parsed input. */
type PlainCall = {
  readonly path: string;
  readonly type: 'query' | 'mutation';
  readonly input: unknown;
};

/** The headers that tRPC's adapter sends with every answer of a call. */
const answerHeaders = { vary: 'trpc-accept, accept', 'content-type': 'application/json' };

/**
 * Answers plain calls (one procedure, JSON in, JSON out) directly from Fastify's request and reply. Most calls are plain.
 * tRPC's adapter first creates a fetch `Request`, a `Response` and their streams for each call, which costs more than the
 * rest of a start.
 *
 * Only requests that are certainly plain calls are answered here, with the same bytes as the adapter's answer
 * (`directCalls.test.ts` compares them). The adapter handles batches, streams, other content types and malformed requests.
 * The only difference is the framing: `content-length` instead of chunks.
 *
 * @returns a hook to run before the adapter's routes
 */
export function answerPlainCalls(
  router: AnyTRPCRouter,
  prefix: string,
  createContext: (request: FastifyRequest, reply: FastifyReply) => Promise<Context>,
) {
  const typeOf = (path: string) => procedureType(router, path);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const call = readPlainCall(request, prefix, typeOf);
    if (!call) return undefined;
    const { status, body } = await answer(router, call, () => createContext(request, reply), signalOf(reply));
    if (isTemporary(status)) setRetryAfter(reply);
    // As bytes, since Fastify would add a charset to a string.
    return sendChunks(reply.code(status).headers(answerHeaders), body);
  };
}

/** Sets `Retry-After`, unless it is set already. */
function setRetryAfter(reply: FastifyReply): void {
  if (!reply.hasHeader('retry-after')) reply.header('retry-after', '1');
}

/** `undefined`: the request is not certainly a plain call. */
function readPlainCall(
  request: FastifyRequest,
  prefix: string,
  typeOf: (path: string) => string | undefined,
): PlainCall | undefined {
  const { url, method, headers, body } = request;
  if (!url.startsWith(prefix) || 'trpc-accept' in headers || headers.accept?.includes('jsonl'))
    return undefined;
  const queryAt = url.indexOf('?');
  const path = url.slice(prefix.length, queryAt < 0 ? undefined : queryAt);
  const type = typeOf(path);
  if (type === 'mutation' && method === 'POST' && queryAt < 0) {
    if (headers['content-type'] !== 'application/json') return undefined;
    const large = largeBodyOf(request);
    if (large) return { path, type, input: large.value };
    if (typeof body !== 'string') return undefined;
    return callWith(path, type, body);
  }
  if (type === 'query' && method === 'GET') {
    const { 'content-type': contentType } = headers;
    if (contentType !== undefined && contentType !== 'application/json') return undefined;
    if (queryAt < 0) return { path, type, input: undefined };
    const [[key, value] = [], ...others] = new URLSearchParams(url.slice(queryAt + 1));
    return key === 'input' && value !== undefined && others.length === 0
      ? callWith(path, type, value)
      : undefined;
  }
  return undefined;
}

/** Where the inputs are in the body of a plain call that starts tasks. */
const shapesOfStarts: Readonly<Record<string, BodyShape>> = {
  start: 'input',
  run: 'input',
  startMany: 'tasks',
};

/** Where the inputs are in the body of a request, if it is certainly a plain call that starts tasks. */
export function shapeOfPlainStart(
  router: AnyTRPCRouter,
  prefix: string,
  { url, method, headers }: Pick<FastifyRequest, 'url' | 'method' | 'headers'>,
): BodyShape | undefined {
  if (method !== 'POST' || !url.startsWith(prefix) || headers['content-type'] !== 'application/json')
    return undefined;
  if ('trpc-accept' in headers || headers.accept?.includes('jsonl')) return undefined;
  const path = url.slice(prefix.length);
  if (procedureType(router, path) !== 'mutation') return undefined;
  const last = path.slice(path.lastIndexOf('.') + 1);
  return Object.hasOwn(shapesOfStarts, last) ? shapesOfStarts[last] : undefined;
}

function callWith(path: string, type: PlainCall['type'], json: string): PlainCall | undefined {
  try {
    return { path, type, input: json === '' ? undefined : JSON.parse(json) };
  } catch {
    return undefined;
  }
}

async function answer(
  router: AnyTRPCRouter,
  { path, type, input }: PlainCall,
  createContext: () => Promise<Context>,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: readonly Buffer[] }> {
  const { _config: config } = router._def;
  let ctx: Context | undefined;
  // An error before the input was read is answered without the input, as the adapter does.
  let readInput: unknown;
  try {
    ctx = await createContext();
    const getRawInput = async () => {
      readInput = input;
      return input;
    };
    const data: unknown = await callTRPCProcedure({
      router,
      path,
      type,
      ctx,
      getRawInput,
      signal,
      batchIndex: 0,
    });
    const body = Array.isArray(data)
      ? await jsonOfList('{"result":{"data":', data, '}}')
      : [Buffer.from(JSON.stringify({ result: { data } }))];
    return { status: 200, body };
  } catch (cause) {
    const error = getTRPCErrorFromUnknown(cause);
    const errorContext = { config, error, type, path, input: readInput, ctx };
    const shape = { error: getTRPCErrorShape(errorContext) };
    return { status: getHTTPStatusCode(shape, [error]), body: [Buffer.from(JSON.stringify(shape))] };
  }
}

function procedureType(router: AnyTRPCRouter, path: string): string | undefined {
  const procedures: Readonly<Record<string, { readonly _def: { readonly type: string } }>> =
    router._def.procedures;
  return Object.hasOwn(procedures, path) ? procedures[path]?._def.type : undefined;
}

/** Aborted when the client disconnects before the answer is sent. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const disconnected = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) disconnected.abort();
  });
  return disconnected.signal;
}
