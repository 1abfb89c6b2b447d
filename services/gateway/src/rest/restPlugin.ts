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
  readonly link: Pick<NatsLink, 'lost' | 'restored'>;
  readonly streamMaxMs: number;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

export type RestOptions = {
  readonly operations: readonly Operation[];
  /** Says who calls, and lets them in. @throws GatewayError UNAUTHENTICATED, TOO_MANY_REQUESTS */
  readonly callerOf: (request: FastifyRequest, reply: FastifyReply) => Promise<Caller>;
  /** The paths of the server, for what has no route. */
  readonly paths: KnownPaths;
  readonly logger: Logger;
  readonly stop: AbortSignal;
};

/** Where everything of REST is. */
export const restPrefix = '/v1';

/** Every REST operation of a contract. */
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

/** Serves the operations. To be registered with the prefix {@link restPrefix}, so that the rest of it is answered 404. */
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
        `There is no ${request.method} ${pathOf(request)}. Check the path.`,
      ),
      logger,
    ),
  );
  // Before the body is read: who may not call need not be listened to.
  server.addHook('onRequest', async (request, reply) => {
    if (stop.aborted) throw new GatewayError('SHUTTING_DOWN', 'The gateway is being stopped. Try again.');
    callers.set(request, await callerOf(request, reply));
    // Here, and not in a handler: the body of a request that is refused is not read.
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
        handler: (request, reply) => answer(request, reply, known(callers.get(request))),
      });
    }
    serveOthers(server, url, methods);
  }
}

/** The methods that the server's router knows. Others are found to be wrong when no route is found. */
const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/**
 * Routes for the methods that a resource does not have, so that none of them is taken for that of another path
 * (`GET /v1/tasks/audio.transcribe` for a task of that id), and for OPTIONS, which says which it has.
 */
function serveOthers(server: FastifyInstance, url: string, has: readonly Operation[]): void {
  const own = has.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const allow = allowOf(own);
  server.route({
    method: everyMethod.filter(method => !own.includes(method)),
    url,
    exposeHeadRoute: false,
    config: { allow },
    // The hook has refused all others.
    handler: (_request: FastifyRequest, reply: FastifyReply) => reply.code(204).header('allow', allow).send(),
  });
}

function notAllowed(request: FastifyRequest, allow: string): GatewayError {
  const { id } = request.params as { readonly id?: string };
  // A start of a task that the contract does not have looks like a POST to a task.
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

/** The hook has let nobody through without one. */
function known(caller: Caller | undefined): Caller {
  if (!caller) throw new Error('A request came past authentication.');
  return caller;
}
