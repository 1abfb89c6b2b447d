import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@longhaul/testing';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import { startGateway } from '../../examples/protection.ts';
import { createApiKey } from '../../services/gateway/src/auth/apiKey.ts';
import { expectShown } from './expectShown.ts';

const natsUrl = inject('natsUrl');

describe('the example of limits of the gateway', () => {
  it('says how many calls are left, and lets the page of the named origin read it', async () => {
    await using stack = await startStack({ natsUrl, contract, handlers, gateways: 0, executors: 0 });
    const folder = await mkdtemp(join(tmpdir(), 'longhaul-protection-example-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { key, id, sha256 } = createApiKey();
    const file = join(folder, 'keys.json');
    await writeFile(file, JSON.stringify({ keys: [{ id, sha256, owner: 'ann' }] }));
    await using gateway = await startGateway(natsUrl, stack.namespace, file);
    const { status, headers } = await fetch(`${gateway.url}/v1/tasks`, {
      headers: { authorization: `Bearer ${key}`, origin: 'https://app.example.org' },
    });
    expect(status).toBe(200);
    expect(headers.get('ratelimit-policy')).toBe('"calls";q=200;w=10');
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.org');
  });

  it('is shown as it is', () => expectShown('docs/guides/protection.md', 'protection'));
});
