import { z } from 'zod';

/** Environment variables that a service cannot start with; the message names each and says what it must be. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly code = 'BAD_ENVIRONMENT';
}

/**
 * Reads environment variables by a schema of their names. An empty variable counts as unset.
 * @throws EnvironmentError
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): z.output<S> {
  const set = Object.fromEntries(
    Object.keys(schema.shape).flatMap(name => (env[name] ? [[name, env[name]]] : [])),
  );
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  throw new EnvironmentError(`The environment is not right:\n${z.prettifyError(parsed.error)}`);
}
