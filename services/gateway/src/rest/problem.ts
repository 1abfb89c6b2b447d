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
/** The page that explains errors. A problem's `type` is this page with the code after `#`. */
export const errorsPath = '/docs/errors';

const codes = ['INTERNAL', ...Object.keys(errorCatalogue)] as const;

const problemIssue = z.object({
  pointer: z.string().optional().meta({ description: 'The position in the body (RFC 6901).' }),
  parameter: z.string().optional().meta({ description: 'Instead: the parameter of the path or query.' }),
  header: z.string().optional().meta({ description: 'Instead: the header.' }),
  detail: z.string(),
  code: z.string().meta({ description: 'The code of the issue.' }),
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
    code: z.enum(codes).meta({ description: 'The code at the end of `type`. Stable.' }),
    errors: z.array(problemIssue).optional().meta({ description: 'The issues of the request.' }),
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

/** The error for a task without a result, with fields of its record. */
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
 * Makes the problem document of an error.
 *
 * @param shown what the caller may learn of the error
 * @param error the error itself, which may name the part of the request
 * @param inputAt the position in the body where the paths of issues start
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

/** Answers with a problem document, and the headers for retries, authentication and the connection. */
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

/** Maps errors of Fastify, from before a handler is called, to errors of the catalogue. */
function fromServer(error: unknown): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error;
  const { code, statusCode } = error as Error & { readonly code?: unknown; readonly statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new GatewayError(
        'PAYLOAD_TOO_LARGE',
        'The body is larger than the limit of the gateway. Pass a reference (a path or URL) instead of the data itself.',
      );
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new GatewayError('URI_TOO_LONG', 'A segment of the path is longer than any task type or id.');
    case 'FST_ERR_BAD_URL':
      return new GatewayError(
        'INVALID_REQUEST',
        'The path has an invalid escape sequence, like %zz. Fix it.',
      );
    default:
      // All other 4xx errors are errors of the caller: a wrong content length, an incomplete body.
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new GatewayError('INVALID_REQUEST', 'The request is malformed.', { cause: error })
        : error;
  }
}
