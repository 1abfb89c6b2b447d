import { faultsError, GatewayError, strictOptions } from '@longhaul/proto/wire';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { goneReason } from '../errors.ts';
import { jsonOfList, sendChunks } from '../largeBodies/jsonOfList.ts';
import type { Operation } from './operation.ts';
import { sendProblem } from './problem.ts';
import { ParameterReader } from './readRequest.ts';

const json = 'application/json; charset=utf-8';
const nothing = strictOptions({});

type Params = Readonly<Record<string, string>>;

/** Creates the handler of an operation: it validates the whole request first, then calls the operation. */
export function answerTo(operation: Operation, logger: Logger, stop: AbortSignal) {
  const query = new ParameterReader('parameter', operation.query ?? nothing);
  const headers = new ParameterReader('header', operation.headers ?? nothing);
  const contentTypes = [
    ...new Set(Object.values(operation.answers).map(({ contentType }) => contentType ?? 'application/json')),
  ];
  // The content type of an answer with a body. An operation with a stream offers only the stream.
  const offered = contentTypes.includes('text/event-stream') ? ['text/event-stream'] : ['application/json'];
  const inputAt = operation.body?.inputAt === undefined ? [] : [operation.body.inputAt];

  return async (request: FastifyRequest, reply: FastifyReply, caller: Caller): Promise<FastifyReply> => {
    try {
      const call = {
        caller,
        params: readParams(operation, request.params as Params),
        query: query.read(request.query as Record<string, string | string[]>),
        headers: headers.read(request.headers),
        body: readCheckedBody(operation, request.body),
        url: request.url,
        left: () => disconnectSignal(reply),
        stop,
        cut: () => reply.raw.destroy(),
      };
      requireAccepted(request, offered);
      const { status, headers: more = {}, body, list, stream } = await operation.handle(call as never);
      reply.code(status).headers(more);
      if (stream) {
        if (request.method !== 'HEAD')
          return await reply.type('text/event-stream; charset=utf-8').send(stream);
        stream.destroy();
        return await reply.type('text/event-stream; charset=utf-8').send();
      }
      if (list) {
        const chunks = await jsonOfList(`{${JSON.stringify(list.name)}:`, list.items, '}\n');
        return await sendChunks(reply.type(json), chunks);
      }
      if (body === undefined) return await reply.send();
      // With a line end, for terminals.
      return await reply.type(json).send(`${JSON.stringify(body)}\n`);
    } catch (error) {
      return sendProblem(reply, error, logger, inputAt);
    }
  };
}

function readParams({ params: schema, notFound }: Operation, params: Params): unknown {
  if (!schema) return {};
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  // A value that cannot be an id or a name is answered like one that does not exist.
  throw notFound?.(params) ?? new GatewayError('UNKNOWN_PROCEDURE', 'The path does not exist. Check it.');
}

function readCheckedBody({ body }: Operation, sent: unknown): unknown {
  if (!body || body.isCheckedLater) return sent;
  const parsed = body.schema.safeParse(sent);
  if (parsed.success) return parsed.data;
  throw faultsError('INVALID_REQUEST', 'The body is invalid:', parsed.error);
}

function requireAccepted(request: FastifyRequest, offered: string[]): void {
  if (new Negotiator(request.raw).mediaType(offered) !== undefined) return;
  throw new GatewayError(
    'NOT_ACCEPTABLE',
    `The answer is available as ${offered.join(', ')} only, which the header Accept excludes.`,
  );
}

function disconnectSignal(reply: FastifyReply): AbortSignal {
  const disconnected = new AbortController();
  reply.raw.once('close', () => disconnected.abort(goneReason));
  if (reply.raw.destroyed) disconnected.abort(goneReason);
  return disconnected.signal;
}
