import { randomUUID } from 'node:crypto';
import { isStorageFull, isStreamNotFound, isUnavailable } from '@longhaul/broker';
import { errorCatalogue, GatewayError, type GatewayErrorCode, type StartFault } from '@longhaul/proto/wire';
import type { FastifyBaseLogger } from 'fastify';

/** What a caller may know of an error. */
export function faultOf(error: unknown, logger: Pick<FastifyBaseLogger, 'error'> | undefined): StartFault {
  if (error instanceof GatewayError) {
    const { code, message, issues, taskId } = error;
    return { reason: code, message, issues, ...(taskId === undefined ? {} : { taskId }) };
  }
  const known = toGatewayError(error);
  if (known) return faultOf(known, logger);
  // It may hold anything (addresses, secrets): the caller gets a number to ask about, the log gets the rest.
  const errorId = randomUUID();
  logger?.error({ err: error, errorId }, 'a call failed unexpectedly');
  return {
    reason: 'INTERNAL',
    message: `Something went wrong in the gateway (error ${errorId}).`,
    issues: [],
  };
}

/** What an answer of NATS means to a caller. `undefined`: it is no such answer. */
export function toGatewayError(error: unknown): GatewayError | undefined {
  if (isStorageFull(error)) return storageFull(error);
  if (isStreamNotFound(error)) return topologyLost(undefined, error);
  return isUnavailable(error) ? unavailable(error) : undefined;
}

/** What is said while a stream or bucket is gone. */
export function topologyLost(why: string | undefined, cause?: unknown): GatewayError {
  const reason = why ?? 'A stream of Longhaul is gone from NATS.';
  return new GatewayError('TOPOLOGY_LOST', `${reason} Try again in a moment.`, { cause });
}

/** What is said when NATS has no room. */
export function storageFull(cause: unknown): GatewayError {
  return new GatewayError(
    'STORAGE_FULL',
    'NATS has no room left to store it. Raise `max_file_store` of nats-server or the limit of the stream, or free its disk, then try again.',
    { cause },
  );
}

/** What is said when NATS does not answer. */
export function unavailable(cause: unknown): GatewayError {
  return new GatewayError('NATS_UNAVAILABLE', 'NATS does not answer. Try again in a moment.', { cause });
}

/** A refusal that time mends, with how much of it. */
export class RetryLaterError extends GatewayError {
  readonly retryAfterSeconds: number;

  constructor(code: GatewayErrorCode, message: string, retryAfterSeconds: number) {
    super(code, message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** How long callers are told to wait where nothing says how long it takes. */
const soonSeconds = 1;

/** After how many seconds a refused call may be made again: `Retry-After`. `undefined`: time does not mend it. */
export function retryAfterSeconds(error: unknown): number | undefined {
  if (error instanceof RetryLaterError) return error.retryAfterSeconds;
  if (!(error instanceof GatewayError)) return undefined;
  return isPassing(errorCatalogue[error.code].http) ? soonSeconds : undefined;
}

/** Whether an answer of this status is a matter of time: 429 and 503. */
export function isPassing(httpStatus: number): boolean {
  return httpStatus === 429 || httpStatus === 503;
}
