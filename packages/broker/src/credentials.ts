import type { Authenticator, NodeConnectionOptions } from '@nats-io/transport-node';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';

/** A secret, or a function that is called at each connect: so a secret that is changed counts from the next one on. */
export type Secret = string | (() => string);

/** Who a service is to NATS: one of the ways that nats-server knows. */
export type NatsCredentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: Secret }
  | { readonly kind: 'token'; readonly token: Secret }
  /** The seed of a user's nkey (`SU…`): the server has the public key alone. */
  | { readonly kind: 'nkey'; readonly seed: Secret }
  /** What a `.creds` file holds: a user's JWT and seed, of a server with decentralised accounts. */
  | { readonly kind: 'creds'; readonly creds: Secret };

/** How the connection is secured. Given at all, a server without TLS is refused. Files are read at each connect. */
export type NatsTls = {
  /** File of the certificates that the server's is checked by (PEM). Default: those that Node.js trusts. */
  readonly caFile?: string;
  /** Files of our own certificate and key (PEM), where the server asks for one. */
  readonly certFile?: string;
  /** The file of the key (PEM), which belongs to `certFile`. */
  readonly keyFile?: string;
  /** The name that the server's certificate must have. Default: the host of the URL. */
  readonly serverName?: string;
  /** Begins with TLS, as a server with `handshake_first` wants it. Default: false. */
  readonly handshakeFirst?: boolean;
};

/** The client's options for credentials and TLS. */
export function securityOptions(
  credentials: NatsCredentials | undefined,
  tls: NatsTls | undefined,
): Partial<NodeConnectionOptions> {
  return {
    ...(credentials ? { authenticator: authenticatorOf(credentials) } : {}),
    ...(tls ? { tls: tlsOptions(tls) } : {}),
  };
}

function authenticatorOf(credentials: NatsCredentials): Authenticator {
  switch (credentials.kind) {
    case 'password':
      return usernamePasswordAuthenticator(credentials.user, reader(credentials.password));
    case 'token':
      return tokenAuthenticator(reader(credentials.token));
    case 'nkey':
      return nkeyAuthenticator(bytesReader(credentials.seed));
    case 'creds':
      return credsAuthenticator(bytesReader(credentials.creds));
  }
}

function reader(secret: Secret): () => string {
  return typeof secret === 'string' ? () => secret : secret;
}

function bytesReader(secret: Secret): () => Uint8Array {
  const read = reader(secret);
  return () => new TextEncoder().encode(read());
}

/** Options that the client does not know go to Node's TLS, such as `servername`. */
function tlsOptions({ serverName, ...files }: NatsTls): NonNullable<NodeConnectionOptions['tls']> {
  return { ...files, ...(serverName === undefined ? {} : { servername: serverName }) };
}
