import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsOptions } from '@longhaul/broker';
import { locateNatsServer, startNatsServer } from '@longhaul/nats-server';
import { inboxPrefixOf, type NatsUser, natsUsers } from '@longhaul/proto/wire';

/** A nats-server with the configuration of `deploy/nats`, and how each of its users connects. */
export type ConfiguredNats = {
  readonly url: string;
  readonly as: (user: NatsUser) => Exclude<NatsOptions, { publish: unknown }>;
  readonly restart: () => Promise<void>;
  readonly password: (user: NatsUser) => string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** The one line that the server does not take beside the folder on its command line. */
const storeDir = /^ *store_dir: .*$/m;

/** Starts one; the port and the folder are the test's, everything else is as it is deployed. */
export async function startConfiguredNats(): Promise<ConfiguredNats> {
  const file = new URL('../../deploy/nats/longhaul.conf', import.meta.url);
  const passwords = new Map(natsUsers.map(user => [user, `p${randomBytes(12).toString('hex')}`]));
  // The server inherits the environment, from which the configuration takes them.
  for (const [user, password] of passwords)
    process.env[`LONGHAUL_NATS_${user.toUpperCase()}_PASSWORD`] = password;
  process.env.LONGHAUL_NATS_ADMIN_PASSWORD = `p${randomBytes(12).toString('hex')}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-nats-users-'));
  const { path } = await locateNatsServer({ say: () => {} });
  const server = await startNatsServer({
    binary: path,
    dataDir,
    configText: (await readFile(file, 'utf8')).replace(storeDir, ''),
  });
  const password = (user: NatsUser) => passwords.get(user) ?? '';
  return {
    url: server.url,
    password,
    restart: () => server.restart(),
    as: user => ({
      servers: server.url,
      credentials: { kind: 'password', user, password: password(user) },
      inboxPrefix: inboxPrefixOf(user),
    }),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
