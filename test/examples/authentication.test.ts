import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@longhaul/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startGateway, withKey, withToken } from '../../examples/authentication.ts';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import { createApiKey } from '../../services/gateway/src/auth/apiKey.ts';
import { expectShown } from './expectShown.ts';

const natsUrl = inject('natsUrl');

describe('the example of authentication', () => {
  it('serves a program with a key, and a person with a token', async () => {
    await using stack = await startStack({ natsUrl, contract, handlers, gateways: 0 });
    const folder = await mkdtemp(join(tmpdir(), 'longhaul-example-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { key, id, sha256 } = createApiKey();
    const file = join(folder, 'keys.json');
    await writeFile(file, JSON.stringify({ keys: [{ id, sha256, owner: 'cron' }] }));
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const keys = [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256' }];
    const issuer = createServer((_request, response) => response.end(JSON.stringify({ keys })));
    issuer.listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    onTestFinished(() => void issuer.close());
    const { port } = issuer.address() as AddressInfo;

    await using gateway = await startGateway(natsUrl, stack.namespace, file, `http://127.0.0.1:${port}`);
    const url = `http://127.0.0.1:${gateway.port}`;
    const program = withKey(url, key);
    const task = await program.images.resize.start({ files: ['a.png'], width: 100 });
    expect(await task.result()).toEqual({ resized: ['a-100.png'] });

    const tokenOf = (roles: string[]) => () =>
      new SignJWT({ realm_access: { roles } })
        .setProtectedHeader({ alg: 'ES256', kid: '1' })
        .setIssuer('https://id.example.org/realms/lab')
        .setAudience('longhaul')
        .setSubject('ann')
        .setExpirationTime('1m')
        .sign(privateKey);
    expect((await withToken(url, tokenOf([])).$tasks.list()).tasks).toEqual([]);
    const operator = withToken(url, tokenOf(['lab-operator']));
    expect((await operator.$tasks.list()).tasks).toMatchObject([{ id: task.id, owner: 'cron' }]);
  });

  it('is shown as it is', () => expectShown('docs/guides/authentication.md', 'authentication'));
});
