import { readFile } from 'node:fs/promises';
import { createClient, type TaskClient, type Tasks } from '@longhaul/client';
import type { Contract, TaskDefinition } from '@longhaul/proto';
import { UsageError } from '../output/usageError.ts';
import { readProfile } from './profiles.ts';

/** How a command finds the gateway. */
export type ConnectionFlags = {
  readonly url?: string | undefined;
  readonly apiKeyFile?: string | undefined;
  readonly profile?: string | undefined;
};

/** The gateway of a command. */
export type Connection = {
  readonly url: string;
  readonly client: Tasks<Contract>;
  /** Starts and handles of one task type, by its dotted path. */
  readonly taskType: (name: string) => TaskClient<TaskDefinition>;
};

/** Where `longhaul dev` serves, unless it is told otherwise. */
export const defaultUrl = 'http://127.0.0.1:8080';

/**
 * Connects to the gateway that flags, environment or profile name, in this order. Nothing is sent yet.
 *
 * @throws UsageError
 */
export async function connect(
  flags: ConnectionFlags,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Connection> {
  const name = flags.profile ?? (env.LONGHAUL_PROFILE || undefined);
  const profile = await readProfile(name, env);
  const url = flags.url ?? (env.LONGHAUL_URL || undefined) ?? profile?.url ?? defaultUrl;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`"${url}" is not the address of a gateway. Write it like ${defaultUrl}.`);
  const keyFile = flags.apiKeyFile ?? (env.LONGHAUL_API_KEY ? undefined : profile?.apiKeyFile);
  const token = keyFile === undefined ? env.LONGHAUL_API_KEY || profile?.apiKey : await readKey(keyFile);
  const client = createClient<Contract>({ url, ...(token ? { token } : {}) });
  return { url, client, taskType: path => taskTypeOf(client, path) };
}

async function readKey(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new UsageError(
      `The file of the API key cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The client is a tree whose branches are made as they are asked for. */
function taskTypeOf(client: Tasks<Contract>, path: string): TaskClient<TaskDefinition> {
  let node: unknown = client;
  for (const key of path.split('.')) node = (node as Record<string, unknown>)[key];
  return node as TaskClient<TaskDefinition>;
}
