import { createClient } from '@longhaul/client';
import { createGateway } from '@longhaul/gateway';
import { contract } from './contract.ts';

/** A gateway for others than this machine: with API keys for programs, and tokens of an identity provider for people. */
export function startGateway(natsUrl: string, namespace: string, apiKeysFile: string, jwksUrl: string) {
  return createGateway({
    contract,
    namespace,
    nats: { servers: natsUrl },
    host: '0.0.0.0',
    port: 0,
    apiKeysFile,
    jwt: {
      jwksUrl,
      issuer: 'https://id.example.org/realms/lab',
      audience: 'longhaul',
      rolesClaim: 'realm_access.roles',
      roleNames: { operator: 'lab-operator', admin: 'lab-admin' },
    },
  });
}

/** A program with its API key. */
export const withKey = (url: string, key: string) => createClient<typeof contract>({ url, token: key });

/** A page with a person's token: `freshToken` is called at the first call, and again when the gateway refuses a token. */
export const withToken = (url: string, freshToken: () => Promise<string>) =>
  createClient<typeof contract>({ url, token: freshToken });
