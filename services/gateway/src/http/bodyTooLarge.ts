import { errorCatalogue, GatewayError, type GatewayErrorShape } from '@longhaul/proto';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';

/** What Fastify says of a body over its limit. */
const bodyTooLargeCode = 'FST_ERR_CTP_BODY_TOO_LARGE';

/** Whether the server refused a request for the size of its body, before anybody read it. */
export function isBodyTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === bodyTooLargeCode;
}

/** What such a request is answered, in the form of every other error of a call. */
export function bodyTooLargeAnswer(limitBytes: number): { readonly error: GatewayErrorShape } {
  const { code, message, issues } = new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `The request has more than ${limitBytes} bytes. Pass a reference (a path or URL) instead of the data itself.`,
  );
  const { trpc, http } = errorCatalogue[code];
  return {
    error: {
      message,
      code: TRPC_ERROR_CODES_BY_KEY[trpc],
      data: { code: trpc, httpStatus: http, reason: code, issues },
    },
  };
}
