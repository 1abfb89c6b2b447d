import { type OutputFlags, print, printJson, printTable, remark } from '../output/output.ts';
import { UsageError } from '../output/usageError.ts';
import { readStandardInput } from '../tasks/input/readInput.ts';
import { type Profile, profilesFile, readProfiles, writeProfiles } from './profiles.ts';

/** Flags of `longhaul profile set`. */
export type ProfileFlags = {
  readonly url: string;
  readonly apiKeyFile?: string | undefined;
  readonly apiKeyStdin?: true | undefined;
};

/** `longhaul profile set NAME`: a gateway under a name; it becomes the current one. No key is an argument: others see those. */
export async function setProfile(
  name: string,
  { url, apiKeyFile, apiKeyStdin }: ProfileFlags,
  env = process.env,
): Promise<undefined> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`"${url}" is not the address of a gateway.`);
  const apiKey = apiKeyStdin ? (await readStandardInput()).trim() : '';
  if (apiKeyStdin && apiKey === '') throw new UsageError('Standard input has no API key.');
  const profile: Profile = {
    url,
    ...(apiKeyFile === undefined ? {} : { apiKeyFile }),
    ...(apiKey === '' ? {} : { apiKey }),
  };
  const { profiles } = await readProfiles(env);
  await writeProfiles({ current: name, profiles: { ...profiles, [name]: profile } }, env);
  remark(`The profile ${name} is the current one (${profilesFile(env)}).`);
}

/** `longhaul profile use NAME` */
export async function useProfile(name: string, env = process.env): Promise<undefined> {
  const { profiles } = await readProfiles(env);
  if (!Object.hasOwn(profiles, name)) throw new UsageError(`There is no profile "${name}".`);
  await writeProfiles({ current: name, profiles }, env);
  remark(`The profile ${name} is the current one.`);
}

/** `longhaul profile delete NAME` */
export async function deleteProfile(name: string, env = process.env): Promise<undefined> {
  const { current, profiles } = await readProfiles(env);
  const { [name]: removed, ...others } = profiles;
  if (!removed) throw new UsageError(`There is no profile "${name}".`);
  await writeProfiles({ ...(current === name ? {} : { current }), profiles: others }, env);
  remark(`The profile ${name} is deleted.`);
}

/** `longhaul profile list`: without keys. */
export async function listProfiles({ json }: OutputFlags, env = process.env): Promise<undefined> {
  const { current, profiles } = await readProfiles(env);
  const rows = Object.entries(profiles).map(([name, { url, apiKey, apiKeyFile }]) => ({
    name,
    current: name === current,
    url,
    key: apiKeyFile ?? (apiKey === undefined ? 'none' : 'in the profile'),
  }));
  if (json) return printJson(rows);
  if (rows.length === 0) return print('There is no profile.');
  printTable(
    ['', 'NAME', 'URL', 'KEY'],
    rows.map(row => [row.current ? '*' : '', row.name, row.url, row.key]),
  );
}
