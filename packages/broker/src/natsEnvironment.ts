import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ConnectOptions } from './connect.ts';
import type { NatsCredentials, NatsTls, Secret } from './credentials.ts';
import { NatsCredentialsError } from './startErrors.ts';

const path = z.string();

/** The environment variables of a connection to NATS, of every service alike. */
export const natsVariables = z.object({
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  NATS_PASSWORD_FILE: path.optional(),
  NATS_TOKEN: z.string().optional(),
  NATS_TOKEN_FILE: path.optional(),
  NATS_NKEY_SEED: z.string().optional(),
  NATS_NKEY_SEED_FILE: path.optional(),
  NATS_CREDS_FILE: path.optional(),
  NATS_TLS_CA: path.optional(),
  NATS_TLS_CERT: path.optional(),
  NATS_TLS_KEY: path.optional(),
  NATS_TLS_SERVER_NAME: z.string().optional(),
  NATS_TLS_FIRST: z.stringbool().default(false),
  /** Of a user who may listen to inboxes of its own only. */
  NATS_INBOX_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'An inbox prefix is letters, digits, "_", "-" and dots.')
    .optional(),
});
/** The environment variables of a connection, as they were read. */
export type NatsVariables = z.output<typeof natsVariables>;

/**
 * What the environment says of the connection to NATS. Secrets in files are read at each connect, so that they can be
 * changed without a restart.
 *
 * @throws NatsCredentialsError when it says two ways of credentials, a part of one, or a file that cannot be read
 */
export function natsOptionsOf(env: NatsVariables): ConnectOptions {
  for (const url of env.NATS_URL.split(',')) {
    // The client would leave them out without a word.
    if (/^[^/]*\/\/[^/]*@/.test(url.trim()))
      throw new NatsCredentialsError(
        'NATS_URL has credentials in it. Say them by NATS_USER and NATS_PASSWORD, or by NATS_TOKEN.',
      );
  }
  const credentials = credentialsOf(env);
  const tls = tlsOf(env);
  return {
    servers: env.NATS_URL,
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined ? {} : { tls }),
    ...(env.NATS_INBOX_PREFIX === undefined ? {} : { inboxPrefix: env.NATS_INBOX_PREFIX }),
  };
}

function credentialsOf(env: NatsVariables): NatsCredentials | undefined {
  const password = secretOf(env, 'NATS_PASSWORD');
  const token = secretOf(env, 'NATS_TOKEN');
  const seed = secretOf(env, 'NATS_NKEY_SEED');
  const creds =
    env.NATS_CREDS_FILE === undefined ? undefined : fromFile('NATS_CREDS_FILE', env.NATS_CREDS_FILE);
  const user = env.NATS_USER;
  if ((user === undefined) !== (password === undefined))
    throw new NatsCredentialsError('NATS_USER and NATS_PASSWORD (or NATS_PASSWORD_FILE) go together.');
  const ways: NatsCredentials[] = [
    ...(user !== undefined && password !== undefined ? [{ kind: 'password' as const, user, password }] : []),
    ...(token === undefined ? [] : [{ kind: 'token' as const, token }]),
    ...(seed === undefined ? [] : [{ kind: 'nkey' as const, seed }]),
    ...(creds === undefined ? [] : [{ kind: 'creds' as const, creds }]),
  ];
  if (ways.length > 1)
    throw new NatsCredentialsError(
      'There are several credentials for NATS. Keep one: NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY_SEED, or NATS_CREDS_FILE.',
    );
  return ways[0];
}

function tlsOf(env: NatsVariables): NatsTls | undefined {
  const { NATS_TLS_CA, NATS_TLS_CERT, NATS_TLS_KEY, NATS_TLS_SERVER_NAME, NATS_TLS_FIRST } = env;
  if ((NATS_TLS_CERT === undefined) !== (NATS_TLS_KEY === undefined))
    throw new NatsCredentialsError('NATS_TLS_CERT and NATS_TLS_KEY go together.');
  const isTls = [NATS_TLS_CA, NATS_TLS_CERT, NATS_TLS_SERVER_NAME].some(part => part !== undefined);
  if (!isTls && !NATS_TLS_FIRST && !/(^|,)\s*tls:/.test(env.NATS_URL)) return undefined;
  for (const name of ['NATS_TLS_CA', 'NATS_TLS_CERT', 'NATS_TLS_KEY'] as const) {
    const file = env[name];
    // Now rather than at a connect, whose error does not say which file it was.
    if (file !== undefined) fromFile(name, file);
  }
  return {
    ...(NATS_TLS_CA === undefined ? {} : { caFile: NATS_TLS_CA }),
    ...(NATS_TLS_CERT === undefined ? {} : { certFile: NATS_TLS_CERT }),
    ...(NATS_TLS_KEY === undefined ? {} : { keyFile: NATS_TLS_KEY }),
    ...(NATS_TLS_SERVER_NAME === undefined ? {} : { serverName: NATS_TLS_SERVER_NAME }),
    ...(NATS_TLS_FIRST ? { handshakeFirst: true } : {}),
  };
}

function secretOf(
  env: NatsVariables,
  name: 'NATS_PASSWORD' | 'NATS_TOKEN' | 'NATS_NKEY_SEED',
): Secret | undefined {
  const value = env[name];
  const file = env[`${name}_FILE`];
  if (value !== undefined && file !== undefined)
    throw new NatsCredentialsError(`There are both ${name} and ${name}_FILE. Keep one.`);
  return file === undefined ? value : oneLine(fromFile(`${name}_FILE`, file));
}

/**
 * Reads the file now, so that one that is not there is noticed, and then at each connect. Where it cannot be read then (it
 * is just being replaced), what it held before is tried: the client cannot deal with an error there.
 */
function fromFile(variable: string, file: string): () => string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new NatsCredentialsError(`${variable} names ${file}, which cannot be read (${why}).`, { cause });
  }
  return () => {
    try {
      content = readFileSync(file, 'utf8');
    } catch {}
    return content;
  };
}

/** A secret that was written with an editor or `echo` ends with a line break. */
const oneLine = (read: () => string) => () => read().trim();
