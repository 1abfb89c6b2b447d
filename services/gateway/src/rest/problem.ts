import {
  errorCatalogue,
  GatewayError,
  type GatewayErrorCode,
  type InputIssue,
  type StartFault,
} from '@longhaul/proto/wire';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { callerErrorOf, isTemporary, retryAfterSeconds } from '../errors.ts';

/** RFC 9457. */
export const problemType = 'application/problem+json';
/** Where the errors are explained; a problem's `type` is this page with the code behind `#`. */
export const errorsPath = '/docs/errors';

const codes = ['INTERNAL', ...Object.keys(errorCatalogue)] as const;

const problemIssue = z.object({
  pointer: z.string().optional().meta({ description: 'Where in the body it is (RFC 6901).' }),
  parameter: z.string().optional().meta({ description: 'Instead: which parameter of the path or query.' }),
  header: z.string().optional().meta({ description: 'Instead: which header.' }),
  detail: z.string(),
  code: z.string().meta({ description: 'A name of the fault.' }),
});

export const problemSchema = z
  .looseObject({
    type: z.string().meta({
      description: `What kind of problem it is: ${errorsPath}#CODE. Stable.`,
      format: 'uri-reference',
    }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What went wrong here, and what to do.' }),
    code: z.enum(codes).meta({ description: 'The end of `type`, to go by. Stable.' }),
    errors: z.array(problemIssue).optional().meta({ description: 'The faults of what was sent.' }),
  })
  .meta({ title: 'Problem', description: 'Why a call was refused (RFC 9457).' });
export type Problem = z.output<typeof problemSchema>;

type Place = 'parameter' | 'header';

/** Faults of a request that are not all in its body. */
export class RequestError extends GatewayError {
  readonly #place: Place;
  readonly #names: ReadonlySet<string> | undefined;

  /** @param names the parameters or headers; what is none of them is in the body. Default: everything is one. */
  constructor(
    code: 'INVALID_REQUEST' | 'INVALID_INPUT',
    message: string,
    at: { readonly place: Place; readonly names?: ReadonlySet<string> },
    options: { readonly issues: readonly InputIssue[]; readonly cause: unknown },
  ) {
    super(code, message, options);
    this.#place = at.place;
    this.#names = at.names;
  }

  /** Where a fault is, by its path; `undefined`: in the body. */
  placeOf([first]: InputIssue['path']): { readonly [P in Place]?: string } | undefined {
    const name = String(first ?? '');
    return this.#names && !this.#names.has(name) ? undefined : { [this.#place]: name };
  }
}

/** That a task has no result to answer: with what its record says. */
export class NoResultError extends GatewayError {
  readonly task: Readonly<Record<string, unknown>>;

  constructor(
    code: 'TASK_FAILED' | 'TASK_CANCELED' | 'OUTPUT_UNFIT',
    message: string,
    task: Readonly<Record<string, unknown>>,
  ) {
    super(code, message);
    this.task = task;
  }
}

/** The HTTP status of an error. */
export function statusOf(code: GatewayErrorCode | 'INTERNAL'): number {
  return code === 'INTERNAL' ? 500 : errorCatalogue[code].http;
}

/**
 * An error as its caller sees it.
 *
 * @param fault what the caller may know of it
 * @param error the error itself, which may know where in the request the fault is
 * @param inputAt where in the body the faults' paths begin
 */
export function problemOf(
  { reason, message, issues }: StartFault,
  error: unknown,
  inputAt: readonly (string | number)[],
): Problem {
  const placeOf = (path: InputIssue['path']) =>
    (error instanceof RequestError ? error.placeOf(path) : undefined) ?? {
      pointer: pointerTo([...start, ...path]),
    };
  const start = reason === 'INVALID_INPUT' ? inputAt : [];
  return {
    type: `${errorsPath}#${reason}`,
    title: titleOf(reason),
    status: statusOf(reason),
    detail: message,
    code: reason,
    ...(issues.length === 0
      ? {}
      : {
          errors: issues.map(({ path, message: detail, code }) => ({
            ...placeOf(path),
            detail,
            code,
          })),
        }),
    ...(error instanceof NoResultError ? error.task : {}),
  };
}

/** `TASK_NOT_FOUND` in words. */
export function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A JSON pointer (RFC 6901). */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Answers a problem. Retries, authentication and the connection have their headers. */
export function sendProblem(
  reply: FastifyReply,
  thrown: unknown,
  logger: Logger,
  inputAt: readonly string[] = [],
): FastifyReply {
  const error = fromServer(thrown);
  const problem = problemOf(callerErrorOf(error, logger), error, inputAt);
  if (isTemporary(problem.status)) reply.header('retry-after', String(retryAfterSeconds(error) ?? 1));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="longhaul"');
  if (problem.code === 'SHUTTING_DOWN') reply.header('connection', 'close');
  return reply
    .code(problem.status)
    .type(problemType)
    .send(`${JSON.stringify(problem)}\n`);
}

/** What Fastify refuses before a handler is called, as errors of the catalogue. */
function fromServer(error: unknown): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error;
  const { code, statusCode } = error as Error & { readonly code?: unknown; readonly statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new GatewayError(
        'PAYLOAD_TOO_LARGE',
        'The body is larger than the gateway takes. Pass a reference (a path or URL) instead of the data itself.',
      );
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new GatewayError('URI_TOO_LONG', 'A part of the path is longer than any name or id can be.');
    case 'FST_ERR_BAD_URL':
      return new GatewayError('INVALID_REQUEST', 'The path has an escape that is none, like %zz. Mend it.');
    default:
      // Whatever else it says is the caller's fault: lengths that lie, bodies that break off.
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new GatewayError('INVALID_REQUEST', 'The request is malformed.', { cause: error })
        : error;
  }
}
