/** Stable codes of everything that can go wrong between "no binary yet" and "server is ready". */
export type NatsServerErrorCode =
  | 'NATS_SERVER_TOO_OLD'
  | 'NATS_SERVER_NOT_RUNNABLE'
  | 'NATS_SERVER_CHECKSUM_MISMATCH'
  | 'NATS_SERVER_UNAVAILABLE'
  | 'NATS_SERVER_DATA_IN_USE'
  | 'NATS_SERVER_START_FAILED';

/** Finding, getting or running a nats-server failed; the message says what to do about it. */
export class NatsServerError extends Error {
  override readonly name = 'NatsServerError';
  readonly code: NatsServerErrorCode;

  constructor(code: NatsServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** One line about an unknown failure and its cause, fit for a list of what was tried. */
export function firstLineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const line = error.message.split('\n', 1)[0] ?? '';
  // fetch says only "fetch failed" and keeps the reason in its cause.
  return error.cause instanceof Error ? `${line}: ${firstLineOf(error.cause)}` : line;
}
