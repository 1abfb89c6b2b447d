import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsOptionsOf, natsVariables, openConnection } from '@longhaul/broker';
import { createClient } from '@longhaul/client';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { locateNatsServer, type NatsServerProcess, startNatsServer } from '@longhaul/nats-server';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { nkeys } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from './certificates.ts';
import { makeDecentralisedAccount } from './userJwt.ts';

/** Every way that the environment can say, against a server that wants it so. */

let folder = '';
let binary = '';
let own: Certificates;
let others: Certificates;
const servers: NatsServerProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-credentials-'));
  binary = (await locateNatsServer({ say: () => {} })).path;
  [own, others] = await Promise.all([
    makeCertificates(folder, 'own', 'nats.example'),
    makeCertificates(folder, 'others', 'nats.example'),
  ]);
});
afterAll(async () => {
  await Promise.all(servers.map(server => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function serverWith(configText: string): Promise<NatsServerProcess> {
  const dataDir = await mkdtemp(join(folder, 'data-'));
  const server = await startNatsServer({ binary, dataDir, configText });
  servers.push(server);
  return server;
}
async function fileOf(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
/** Connects as a service with this environment would; resolves when the server has answered. */
async function connectBy(env: Record<string, string>): Promise<void> {
  const { nc, close } = await openConnection(natsOptionsOf(natsVariables.parse(env)), 'test');
  try {
    await nc.flush();
  } finally {
    await close();
  }
}
const refusal = expect.objectContaining({ code: 'BAD_NATS_CREDENTIALS' });

describe('credentials', () => {
  it('user and password; a password in a file that is changed counts at the next connect', async () => {
    const { url: NATS_URL } = await serverWith('authorization { user: gateway, password: "first-secret" }');
    const file = await fileOf('password', 'first-secret\n');
    await connectBy({ NATS_URL, NATS_USER: 'gateway', NATS_PASSWORD: 'first-secret' });
    const options = natsOptionsOf(
      natsVariables.parse({ NATS_URL, NATS_USER: 'gateway', NATS_PASSWORD_FILE: file }),
    );
    await (await openConnection(options, 'test')).close();
    // While a secret is being replaced, what it was is still tried.
    await rm(file);
    await (await openConnection(options, 'test')).close();
    await fileOf('password', 'second-secret\n');
    await expect(openConnection(options, 'test')).rejects.toThrow(refusal);
    await expect(connectBy({ NATS_URL })).rejects.toThrow(refusal);
  });

  it('a token', async () => {
    const { url: NATS_URL } = await serverWith('authorization { token: "t-secret" }');
    await connectBy({ NATS_URL, NATS_TOKEN: 't-secret' });
    await connectBy({ NATS_URL, NATS_TOKEN_FILE: await fileOf('token', 't-secret') });
    await expect(connectBy({ NATS_URL, NATS_TOKEN: 'other' })).rejects.toThrow(refusal);
  });

  it('an nkey seed', async () => {
    const user = nkeys.createUser();
    const seed = new TextDecoder().decode(user.getSeed());
    const { url: NATS_URL } = await serverWith(
      `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`,
    );
    await connectBy({ NATS_URL, NATS_NKEY_SEED: seed });
    await connectBy({ NATS_URL, NATS_NKEY_SEED_FILE: await fileOf('seed', `${seed}\n`) });
    const strange = new TextDecoder().decode(nkeys.createUser().getSeed());
    await expect(connectBy({ NATS_URL, NATS_NKEY_SEED: strange })).rejects.toThrow(refusal);
  });

  it('a creds file', async () => {
    const { operatorJwt, accounts, systemAccount, creds } = makeDecentralisedAccount();
    const { url: NATS_URL } = await serverWith(
      `operator: ${operatorJwt}\nsystem_account: ${systemAccount}\nresolver: MEMORY\nresolver_preload: {${accounts}}`,
    );
    await connectBy({ NATS_URL, NATS_CREDS_FILE: await fileOf('user.creds', creds) });
    const strange = makeDecentralisedAccount().creds;
    const wrong = connectBy({ NATS_URL, NATS_CREDS_FILE: await fileOf('strange.creds', strange) });
    await expect(wrong).rejects.toThrow(refusal);
  });
});

describe('TLS', () => {
  const tls = (more = '') =>
    `tls { cert_file: "${own.server.cert}", key_file: "${own.server.key}", ca_file: "${own.ca}" ${more} }`;

  it('checks the server by authority and name, and serves a whole system with a client certificate', async () => {
    const { url: NATS_URL } = await serverWith(tls(', verify: true'));
    const env = {
      NATS_URL,
      NATS_TLS_CA: own.ca,
      NATS_TLS_CERT: own.client.cert,
      NATS_TLS_KEY: own.client.key,
      NATS_TLS_SERVER_NAME: 'nats.example',
    };
    const nats = natsOptionsOf(natsVariables.parse(env));
    const logger = pino({ level: 'error' });
    await using gateway = await createGateway({ contract: scriptedContract, nats, port: 0, logger });
    await using _executor = await createExecutor({
      contract: scriptedContract,
      handlers: scriptedHandlers,
      nats,
      logger,
    });
    const tasks = createClient<ScriptedContract>({ url: gateway.url });
    expect(await tasks.script.echo.run({ text: 'sealed' })).toMatchObject({ status: 'COMPLETED' });

    await expect(connectBy({ ...env, NATS_TLS_CA: others.ca })).rejects.toThrow(/certificate|signature/i);
    await expect(connectBy({ ...env, NATS_TLS_SERVER_NAME: 'other.example' })).rejects.toThrow(
      /other\.example/,
    );
    // The server closes the connection after the handshake, of which this client hears nothing until its time is over.
    const { NATS_TLS_CERT: _cert, NATS_TLS_KEY: _key, ...without } = env;
    const strange = { ...env, NATS_TLS_CERT: others.client.cert, NATS_TLS_KEY: others.client.key };
    await Promise.all(
      [without, strange].map(async refused => {
        const options = { ...natsOptionsOf(natsVariables.parse(refused)), options: { timeout: 1_000 } };
        await expect(openConnection(options, 'test')).rejects.toThrow();
      }),
    );
  });

  it('may come first', async () => {
    const { port } = await serverWith(tls(', handshake_first: true'));
    const env = {
      NATS_URL: `tls://localhost:${port}`,
      NATS_TLS_CA: own.ca,
      NATS_TLS_SERVER_NAME: 'nats.example',
    };
    await connectBy({ ...env, NATS_TLS_FIRST: 'true' });
  });

  it('that is asked for and not there is refused before any secret is sent', async () => {
    const { url: NATS_URL } = await serverWith('authorization { token: "t-secret" }');
    const opening = connectBy({ NATS_URL, NATS_TLS_CA: own.ca, NATS_TOKEN: 't-secret' });
    await expect(opening).rejects.toThrow(/tls/);
  });
});

describe('an environment that says too much or too little', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['two ways', { NATS_TOKEN: 'x', NATS_USER: 'u', NATS_PASSWORD: 'p' }, /several credentials/],
    ['a secret twice', { NATS_TOKEN: 'x', NATS_TOKEN_FILE: '/x' }, /NATS_TOKEN and NATS_TOKEN_FILE/],
    ['no password', { NATS_USER: 'u' }, /go together/],
    ['no user', { NATS_PASSWORD: 'p' }, /go together/],
    ['no such file', { NATS_CREDS_FILE: '/nowhere/creds' }, /NATS_CREDS_FILE.*ENOENT/],
    ['no such authority', { NATS_TLS_CA: '/nowhere/ca' }, /NATS_TLS_CA.*ENOENT/],
    ['a certificate without its key', { NATS_TLS_CERT: '/x' }, /NATS_TLS_KEY/],
    ['credentials in the URL', { NATS_URL: 'nats://a:1,nats://u:very-secret@b:1' }, /NATS_USER/],
  ])('%s', (_what, env, why) => {
    const read = () => natsOptionsOf(natsVariables.parse(env));
    expect(read).toThrow(refusal);
    expect(read).toThrow(why);
    expect(read).not.toThrow(/very-secret/);
  });

  it('says nothing where there is nothing', () => {
    expect(natsOptionsOf(natsVariables.parse({}))).toEqual({ servers: 'nats://127.0.0.1:4222' });
    expect(() => natsVariables.parse({ NATS_INBOX_PREFIX: 'x.>' })).toThrow(/inbox prefix/);
  });
});
