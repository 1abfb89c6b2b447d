import { readFile } from 'node:fs/promises';
import { EnvironmentError } from '@longhaul/runtime';
import { z } from 'zod';
import type { AuthOptions } from './authenticate.ts';
import type { JwtOptions } from './jwtOptions.ts';

/** The environment variables of authentication. Secrets are read from files, which no process list shows. */
export const authVariables = z.object({
  API_KEYS_FILE: z.string().optional(),
  JWT_JWKS_URL: z.string().optional(),
  JWT_PUBLIC_KEY_FILE: z.string().optional(),
  JWT_SECRET_FILE: z.string().optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  /** Separated by commas: `RS256,ES256`. */
  JWT_ALGORITHMS: z
    .string()
    .transform(list => list.split(',').map(algorithm => algorithm.trim()))
    .optional(),
  JWT_CLOCK_TOLERANCE_S: z.coerce.number().optional(),
  JWT_OWNER_CLAIM: z.string().optional(),
  JWT_ROLES_CLAIM: z.string().optional(),
  JWT_OPERATOR_ROLE: z.string().default('longhaul-operator'),
  JWT_ADMIN_ROLE: z.string().default('longhaul-admin'),
});

/**
 * Reads the authentication options of `createGateway` from the environment.
 * @throws EnvironmentError when a variable that JWTs need is missing, or a file cannot be read
 */
export async function authOptionsOf(env: z.output<typeof authVariables>): Promise<AuthOptions> {
  const jwt = await jwtOptionsOf(env);
  return {
    ...(env.API_KEYS_FILE === undefined ? {} : { apiKeysFile: env.API_KEYS_FILE }),
    ...(jwt === undefined ? {} : { jwt }),
  };
}

async function jwtOptionsOf(env: z.output<typeof authVariables>): Promise<JwtOptions | undefined> {
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = env;
  const keys = [env.JWT_JWKS_URL, env.JWT_PUBLIC_KEY_FILE, env.JWT_SECRET_FILE];
  const given = keys.filter(value => value !== undefined).length;
  if (given === 0 && issuer === undefined && audience === undefined) return undefined;
  if (given !== 1 || issuer === undefined || audience === undefined) {
    throw new EnvironmentError(
      'JWTs need JWT_ISSUER, JWT_AUDIENCE and exactly one of JWT_JWKS_URL, JWT_PUBLIC_KEY_FILE and JWT_SECRET_FILE.',
    );
  }
  return {
    issuer,
    audience,
    ...optional('jwksUrl', env.JWT_JWKS_URL),
    ...optional('publicKey', await contentOf('JWT_PUBLIC_KEY_FILE', env.JWT_PUBLIC_KEY_FILE)),
    ...optional('secret', await contentOf('JWT_SECRET_FILE', env.JWT_SECRET_FILE)),
    ...optional('algorithms', env.JWT_ALGORITHMS),
    ...optional('clockToleranceSeconds', env.JWT_CLOCK_TOLERANCE_S),
    ...optional('ownerClaim', env.JWT_OWNER_CLAIM),
    ...optional('rolesClaim', env.JWT_ROLES_CLAIM),
    roleNames: { operator: env.JWT_OPERATOR_ROLE, admin: env.JWT_ADMIN_ROLE },
  };
}

function optional<K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: V });
}

async function contentOf(variable: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    // Editors and `echo` add a line end.
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new EnvironmentError(`${variable} names ${path}, which cannot be read (${why}).`, { cause });
  }
}
