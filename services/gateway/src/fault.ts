import { randomUUID } from 'node:crypto';
import { isUnavailable } from '@longhaul/broker';
import { GatewayError, type StartFault } from '@longhaul/proto';
import type { FastifyBaseLogger } from 'fastify';

/** What a caller may know of an error. */
export function faultOf(error: unknown, logger: Pick<FastifyBaseLogger, 'error'> | undefined): StartFault {
  if (error instanceof GatewayError) {
    const { code, message, issues, taskId } = error;
    return { reason: code, message, issues, ...(taskId === undefined ? {} : { taskId }) };
  }
  if (isUnavailable(error)) return faultOf(unavailable(error), logger);
  // It may hold anything (addresses, secrets): the caller gets a number to ask about, the log gets the rest.
  const errorId = randomUUID();
  logger?.error({ err: error, errorId }, 'a call failed unexpectedly');
  return {
    reason: 'INTERNAL',
    message: `Something went wrong in the gateway (error ${errorId}).`,
    issues: [],
  };
}

/** What is said when NATS does not answer. */
export function unavailable(cause: unknown): GatewayError {
  return new GatewayError('NATS_UNAVAILABLE', 'NATS does not answer. Try again in a moment.', { cause });
}
