import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../output/usageError.ts';

const profileSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  apiKey: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
});
const profilesSchema = z.strictObject({
  /** The profile of commands that name none. */
  current: z.string().optional(),
  profiles: z.record(z.string().min(1), profileSchema),
});

/** A gateway and a key for it, under a name. */
export type Profile = z.infer<typeof profileSchema>;
/** All of them. */
export type Profiles = z.infer<typeof profilesSchema>;

/** The file of the profiles: of this user, since there are keys in it. */
export function profilesFile(env: NodeJS.ProcessEnv): string {
  const folder = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return join(folder, 'longhaul', 'profiles.json');
}

/** @throws UsageError */
export async function readProfiles(env: NodeJS.ProcessEnv): Promise<Profiles> {
  const file = profilesFile(env);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw error;
  }
  try {
    return profilesSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new UsageError(`${file} is not a file of profiles: ${why}`);
  }
}

/** Replaces the file in one step, readable by its owner alone. */
export async function writeProfiles(profiles: Profiles, env: NodeJS.ProcessEnv): Promise<void> {
  const file = profilesFile(env);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(profilesSchema.parse(profiles), null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

/**
 * The profile of this name; without a name, the current one.
 * @throws UsageError when there is none of this name
 */
export async function readProfile(
  name: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Profile | undefined> {
  const { current, profiles } = await readProfiles(env);
  const asked = name ?? current;
  if (asked === undefined) return undefined;
  const profile = Object.hasOwn(profiles, asked) ? profiles[asked] : undefined;
  if (profile) return profile;
  const names = Object.keys(profiles);
  throw new UsageError(
    `There is no profile "${asked}". There are: ${names.length === 0 ? 'none' : names.join(', ')}. \`longhaul profile set\` makes one.`,
  );
}
