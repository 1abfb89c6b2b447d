/** Credentials for NATS that cannot be used, or that NATS does not take. The message says what to do, and no secret. */
export class NatsCredentialsError extends Error {
  override readonly name = 'NatsCredentialsError';
  readonly code = 'BAD_NATS_CREDENTIALS';
}
