import { errorCatalogue, GatewayError, type GatewayErrorCode } from '@longhaul/proto';

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
