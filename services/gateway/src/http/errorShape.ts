import { errorCatalogue, GatewayError, type GatewayErrorShape } from '@longhaul/proto';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';

/** What Fastify says of a body over its limit. */
const bodyTooLargeCode = 'FST_ERR_CTP_BODY_TOO_LARGE';

/**
 * Why the server refused the body of a request before anybody parsed it. `undefined`: it did not.
 * @param limitBytes of a body
 */
export function bodyRefusal(error: unknown, limitBytes: number): GatewayError | undefined {
  if (error instanceof GatewayError && error.code === 'TOO_MANY_VALUES') return error;
  if (!(error instanceof Error && 'code' in error && error.code === bodyTooLargeCode)) return undefined;
  return new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `The request has more than ${limitBytes} bytes. Pass a reference (a path or URL) instead of the data itself.`,
  );
}

/** An error in the form that tRPC gives every other error of a call, for what is refused before tRPC sees it. */
export function catalogueErrorShape({ code, message, issues }: GatewayError): GatewayErrorShape {
  const { trpc, http } = errorCatalogue[code];
  return {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[trpc],
    data: { code: trpc, httpStatus: http, reason: code, issues },
  };
}
