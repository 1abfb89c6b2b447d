import { type DestinationStream, type Logger, pino, type SerializerFn } from 'pino';

/** Fields whose values never belong into a log, wherever a careless line might put them. */
const secretFields = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
  'apiKey',
  'connectionParams',
  'creds',
  'jwt',
  'nkey',
  'pass',
  'password',
  'secret',
  'seed',
  'token',
];
const under = (parents: string, field: string) =>
  field.startsWith('[') ? parents + field : `${parents}.${field}`;
/** The same at the top of a line, and one, two and three levels down (`req.headers.authorization`). */
const redactedPaths = secretFields.flatMap(field => [
  field,
  under('*', field),
  under('*.*', field),
  under('*.*.*', field),
]);

/** The user and password of a URL: drivers like to name the server that they could not reach. */
const urlCredentials = /(\w:\/\/)[^/\s@]+@/g;
const withoutCredentials = (text: string) => text.replaceAll(urlCredentials, '$1[Redacted]@');

const errSerializer: SerializerFn = (error: unknown) => {
  // A failure as the wire has it is an object with the same fields, and `causes` of the same kind.
  const written: unknown = error instanceof Error ? pino.stdSerializers.err(error) : error;
  if (typeof written !== 'object' || written === null) return written;
  const { message, stack, causes } = written as { message?: unknown; stack?: unknown; causes?: unknown };
  return {
    ...written,
    ...(typeof message === 'string' ? { message: withoutCredentials(message) } : {}),
    ...(typeof stack === 'string' ? { stack: withoutCredentials(stack) } : {}),
    ...(Array.isArray(causes) ? { causes: causes.map(errSerializer) } : {}),
  };
};

/** A request without its headers and its query: inputs and credentials stand there. */
const reqSerializer: SerializerFn = (request: {
  readonly method?: string;
  readonly url?: string;
  readonly ip?: string;
}) => ({
  method: request.method,
  url: request.url?.split('?', 1)[0],
  remoteAddress: request.ip,
});

/** How errors and requests are written, so that no secret comes along. For loggers that Longhaul did not make. */
export const safeSerializers = { err: errSerializer, req: reqSerializer };

/**
 * Makes the logger of a process: JSON lines, secrets redacted.
 *
 * @param destination default: standard output
 */
export function createLogger(name: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    name,
    level,
    serializers: safeSerializers,
    redact: { paths: redactedPaths, censor: '[Redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
