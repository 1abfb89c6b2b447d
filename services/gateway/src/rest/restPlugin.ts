import type { Contract } from '@longhaul/proto';
import { GatewayError, listTasks, taskIdSchema } from '@longhaul/proto/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { allowOf, type KnownPaths } from '../http/knownPaths.ts';
import type { NatsLink } from '../protection/natsLink.ts';
import type { OwnerStreams } from '../protection/ownerStreams.ts';
import type { ScheduleService } from '../schedules/scheduleService.ts';
import { type TaskService, unknownTask } from '../tasks/taskService.ts';
import { answerTo } from './answer.ts';
import type { Operation } from './operation.ts';
import { sendProblem } from './problem.ts';
import { readBody } from './readRequest.ts';
import { batchOperation } from './routes/batchOperation.ts';
import { eventOperation } from './routes/eventOperation.ts';
import { scheduleOperations } from './routes/scheduleOperations.ts';
import { startOperations } from './routes/startOperations.ts';
import { controlOperations } from './routes/steerOperations.ts';
import { taskOperations } from './routes/taskOperations.ts';
import { typeOperations } from './routes/typeOperations.ts';

export type RestDeps = {
  readonly contract: Contract;
  readonly service: TaskService;
  readonly schedules: ScheduleService;
  readonly streams: OwnerStreams;
  readonly link: Pick<NatsLink, 'isCutOff' | 'listen'>;
  readonly streamMaxMs: number;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

export type RestOptions = {
  readonly operations: readonly Operation[];
  /** Authenticates and admits the caller. @throws GatewayError UNAUTHENTICATED, TOO_MANY_REQUESTS */
  readonly callerOf: (request: FastifyRequest, reply: FastifyReply) => Promise<Caller>;
  /** The paths of the server, for requests without a route. */
  readonly paths: KnownPaths;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

/** The path prefix of the REST API. */
export const restPrefix = '/v1';

/** Creates all REST operations of a contract. */
export function restOperations({
  contract,
  service,
  schedules,
  streams,
  link,
  streamMaxMs,
  logger,
  stop,
}: RestDeps): Operation[] {
  const definitions = listTasks(contract);
  return [
    ...taskOperations(service, definitions),
    ...controlOperations(service),
    eventOperation(service, definitions, { streams, link, streamMaxMs, logger, stop }),
    ...typeOperations(contract, service),
    ...scheduleOperations(schedules),
    ...[...definitions].flatMap(([name, definition]) => [
      ...startOperations(name, definition, service),
      batchOperation(name, definition, service, logger),
    ]),
  ];
}

/** Serves the operations. Register it with the prefix {@link restPrefix}, so that its other paths are answered 404. */
export async function restPlugin(server: FastifyInstance, options: RestOptions): Promise<void> {
  const { operations, callerOf, paths, logger, stop } = options;
  const callers = new WeakMap<FastifyRequest, Caller>();

  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => readBody(request, body),
  );
  server.setErrorHandler((error, _request, reply) => sendProblem(reply, error, logger));
  server.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new GatewayError(
        'UNKNOWN_PROCEDURE',
        `${request.method} ${pathOf(request)} does not exist. Check the path.`,
      ),
      logger,
    ),
  );
  // Before the body is read, so that the body of a refused request is not read.
  server.addHook('onRequest', async (request, reply) => {
    if (stop.aborted) throw new GatewayError('SHUTTING_DOWN', 'The gateway is stopping. Try again.');
    callers.set(request, await callerOf(request, reply));
    // Here and not in a handler, for the same reason.
    const { allow } = request.routeOptions.config;
    const allowed = allow ?? (request.is404 ? paths.allowAt(pathOf(request)) : undefined);
    if (allowed !== undefined && request.method !== 'OPTIONS') {
      const error = notAllowed(request, allowed);
      if (error.code === 'METHOD_NOT_ALLOWED') reply.header('allow', allowed);
      throw error;
    }
  });

  for (const [path, methods] of Map.groupBy(operations, ({ path }) => path)) {
    const url = path.slice(restPrefix.length).replaceAll(/\{([^}]+)\}/g, ':$1');
    for (const one of methods) {
      const answer = answerTo(one, logger, stop);
      server.route({
        method: one.method.toUpperCase(),
        url,
        config: { bodyShape: one.bodyShape },
        handler: (request, reply) => answer(request, reply, known(callers.get(request))),
      });
    }
    serveOthers(server, url, methods);
  }
}

/** The methods that the router supports. Requests with others find no route. */
const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/**
 * Adds routes for the methods that a path does not support, so that such a request does not match a path with parameters
 * (`GET /v1/tasks/audio.transcribe` as a task id), and for OPTIONS, which answers the supported methods.
 */
function serveOthers(server: FastifyInstance, url: string, has: readonly Operation[]): void {
  const own = has.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const allow = allowOf(own);
  server.route({
    method: everyMethod.filter(method => !own.includes(method)),
    url,
    exposeHeadRoute: false,
    config: { allow },
    // The hook refuses all methods but OPTIONS.
    handler: (_request: FastifyRequest, reply: FastifyReply) => reply.code(204).header('allow', allow).send(),
  });
}

function notAllowed(request: FastifyRequest, allow: string): GatewayError {
  const { id } = request.params as { readonly id?: string };
  // A start of an unknown task type matches the path of a task.
  if (
    request.method === 'POST' &&
    pathOf(request) === `/v1/tasks/${id}` &&
    !taskIdSchema.safeParse(id).success
  )
    return unknownTask(id ?? '');
  return new GatewayError('METHOD_NOT_ALLOWED', `${pathOf(request)} supports only these methods: ${allow}.`);
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

/** The hook has set a caller for every request that it admitted. */
function known(caller: Caller | undefined): Caller {
  if (!caller) throw new Error('A request without an authenticated caller reached a handler.');
  return caller;
}
