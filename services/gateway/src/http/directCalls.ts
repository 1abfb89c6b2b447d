import {
  type AnyTRPCRouter,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
} from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isPassing } from '../errors.ts';
import type { Context } from '../rpc/trpc.ts';

/** A plain call: which procedure, and its input as JSON made it. */
type PlainCall = {
  readonly path: string;
  readonly type: 'query' | 'mutation';
  readonly input: unknown;
};

/** What tRPC's adapter sends with every answer of a call. */
const answerHeaders = { vary: 'trpc-accept, accept', 'content-type': 'application/json' };

/**
 * Answers plain calls (one procedure, JSON in, JSON out) from Fastify's request and reply, as most calls are. tRPC's
 * adapter makes of each a fetch `Request`, a `Response` and their streams first, which costs more than everything
 * that a start does beside it.
 *
 * Only what is certain to be a plain call is answered here, with the bytes that the adapter would answer
 * (`directCalls.test.ts` compares them); batches, streams, other content types and whatever is malformed are the
 * adapter's. The one difference is the framing: a `content-length` in place of chunks.
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
    if (isPassing(status)) retrySoon(reply);
    // As bytes: to a text Fastify would add a charset.
    return reply.code(status).headers(answerHeaders).send(Buffer.from(body));
  };
}

/** Says when to call again, where nothing has said so yet. */
export function retrySoon(reply: FastifyReply): void {
  if (!reply.hasHeader('retry-after')) reply.header('retry-after', '1');
}

/** `undefined`: it is not certain to be one. */
function readPlainCall(
  { url, method, headers, body }: FastifyRequest,
  prefix: string,
  typeOf: (path: string) => string | undefined,
): PlainCall | undefined {
  if (!url.startsWith(prefix) || 'trpc-accept' in headers || headers.accept?.includes('jsonl'))
    return undefined;
  const queryAt = url.indexOf('?');
  const path = url.slice(prefix.length, queryAt < 0 ? undefined : queryAt);
  const type = typeOf(path);
  if (type === 'mutation' && method === 'POST' && queryAt < 0) {
    if (headers['content-type'] !== 'application/json' || typeof body !== 'string') return undefined;
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
): Promise<{ readonly status: number; readonly body: string }> {
  const { _config: config } = router._def;
  let ctx: Context | undefined;
  // What fails before the input was read is answered without it, as the adapter does.
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
    return { status: 200, body: JSON.stringify({ result: { data } }) };
  } catch (cause) {
    const error = getTRPCErrorFromUnknown(cause);
    const said = { config, error, type, path, input: readInput, ctx };
    const shape = { error: getTRPCErrorShape(said) };
    return { status: getHTTPStatusCode(shape, [error]), body: JSON.stringify(shape) };
  }
}

function procedureType(router: AnyTRPCRouter, path: string): string | undefined {
  const procedures: Readonly<Record<string, { readonly _def: { readonly type: string } }>> =
    router._def.procedures;
  return Object.hasOwn(procedures, path) ? procedures[path]?._def.type : undefined;
}

/** Aborted when the client leaves. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const left = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) left.abort();
  });
  return left.signal;
}
