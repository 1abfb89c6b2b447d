import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startServices } from '../../examples/natsCredentials.ts';
import { startAndRun } from '../../examples/startAndRun.ts';
import { startConfiguredNats } from '../deployment/natsUsers.ts';
import { expectShown } from './expectShown.ts';

describe('the example of credentials for NATS', () => {
  it('serves tasks on the server configuration that is shipped', async () => {
    await using nats = await startConfiguredNats();
    const secrets = await mkdtemp(join(tmpdir(), 'longhaul-secrets-'));
    onTestFinished(() => rm(secrets, { recursive: true, force: true }));
    for (const user of ['gateway', 'executor'] as const)
      await writeFile(join(secrets, user), `${nats.password(user)}\n`);
    const { gateway, executor } = await startServices(nats.url, secrets);
    await using _gateway = gateway;
    await using _executor = executor;
    expect(await startAndRun(gateway.url)).toEqual(['a-200.png', 'b-200.png', 'c-800.png']);
  });

  it('is shown as it is', () => expectShown('docs/guides/nats-credentials.md', 'natsCredentials'));
});
