import { CodedError } from '@longhaul/proto/wire';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { isNoResponders } from './brokerErrors.ts';

/** Why a service cannot start on this NATS; the message says what to do. */
export class NatsStartError extends CodedError<NatsStartErrorCode> {
  override readonly name = 'NatsStartError';
}

export type NatsStartErrorCode =
  /** No server listens at the address, or it is not a NATS server. */
  | 'NATS_NOT_REACHED'
  /** The server, or the account of the credentials, has no JetStream. */
  | 'JETSTREAM_OFF'
  /** The server is older than what Longhaul rests on. */
  | 'NATS_TOO_OLD';

/** Credentials for NATS that cannot be used, or that NATS does not take. The message says what to do, and no secret. */
export class NatsCredentialsError extends Error {
  override readonly name = 'NatsCredentialsError';
  readonly code = 'BAD_NATS_CREDENTIALS';
}

/** A stream that exists, but so that Longhaul cannot work on it. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
  readonly code = 'TOPOLOGY_DRIFT';
}

/** Message schedules and per-message TTL. */
const minimumVersion = [2, 14] as const;

/** What is said when a connection cannot be made. */
export function connectFailure(cause: unknown, servers: string | readonly string[]): Error {
  if (cause instanceof errors.AuthorizationError)
    return new NatsCredentialsError(
      'NATS does not take the credentials of this service. Check NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY_SEED or NATS_CREDS_FILE, and the configuration of the server.',
      { cause },
    );
  // Wrong options and certificates say themselves what is wrong.
  if (!isNotReached(cause)) return cause instanceof Error ? cause : new Error(String(cause));
  const where = withoutCredentials(typeof servers === 'string' ? servers : servers.join(','));
  const what = isOtherServer(cause)
    ? `What answers at ${where} (NATS_URL) is no NATS server. Set NATS_URL to where yours is; its port is usually 4222.`
    : `No NATS server answers at ${where} (NATS_URL). Start one with "nats-server -js", start everything in your project with "longhaul dev", or set NATS_URL to where yours is.`;
  return new NatsStartError('NATS_NOT_REACHED', what, { cause });
}

const notReachedCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);

function isNotReached(error: unknown): boolean {
  if (error instanceof errors.TimeoutError) return true;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && notReachedCodes.has(cause.code)) return true;
    if (cause instanceof AggregateError && cause.errors.some(isNotReached)) return true;
    // What the client makes of a refused connection, which names the system's error in its text alone.
    if (
      cause instanceof errors.ConnectionError &&
      /refused|ECONN|ENOTFOUND|EAI_AGAIN|timeout|^error connecting/i.test(cause.message)
    )
      return true;
    if (isOtherServer(cause)) return true;
  }
  return false;
}

/** What listens there is of another kind: the client has no class for it. */
function isOtherServer(error: unknown): boolean {
  return error instanceof Error && error.message === 'unexpected response from server';
}

/** @throws NatsStartError NATS_TOO_OLD */
export function requireVersion(nc: Pick<NatsConnection, 'info' | 'getServer'>): void {
  const version = nc.info?.version ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = minimumVersion;
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new NatsStartError(
    'NATS_TOO_OLD',
    `The NATS server at ${nc.getServer()} is version ${version || '(unknown)'}; Longhaul needs ${minimumVersion.join('.')} or later. Upgrade it, or start everything with "npm start", which brings its own.`,
  );
}

/** What is said when JetStream's API does not answer as it should. */
export function jetStreamFailure(cause: unknown, server: string): unknown {
  const isOff =
    // The client does not export the class.
    (cause instanceof Error && cause.name === 'JetStreamNotEnabled') ||
    isNoResponders(cause) ||
    (cause instanceof JetStreamApiError && cause.code === JetStreamApiCodes.JetStreamNotEnabledForAccount);
  if (!isOff) return cause;
  return new NatsStartError(
    'JETSTREAM_OFF',
    `JetStream is off at the NATS server ${server}, or for the account of these credentials. Start the server as "nats-server -js" (or with a "jetstream" block in its configuration), and allow it for the account.`,
    { cause },
  );
}

function withoutCredentials(servers: string): string {
  return servers.replaceAll(/(^|\/\/|,)[^/@,\s]+@/g, '$1');
}
