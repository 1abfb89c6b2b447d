import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKey } from '@longhaul/gateway/keys';
import { deadlineMs, freshNamespace } from '@longhaul/testing';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { copyProject, followCli, type RunningCli, runCli } from '../fixtures/runCli.ts';

let project: Awaited<ReturnType<typeof copyProject>>;
const running: RunningCli[] = [];
beforeEach(async () => {
  project = await copyProject();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(service => service.end('SIGKILL')));
  await project.remove();
});

/** Starts a service in the project, and waits for its line that it is ready. */
async function serve(args: readonly string[], env: NodeJS.ProcessEnv) {
  const service = followCli(args, { cwd: project.folder, env });
  running.push(service);
  const line = JSON.parse(await service.line(/"msg":"\w+ is ready"/)) as Record<string, string>;
  return { service, line };
}

test('a gateway and an executor of the project as processes, with keys, options of the config, and a good end', {
  timeout: 8 * deadlineMs,
}, async () => {
  const keys = join(project.folder, 'keys.json');
  const { key } = await createKey(keys, { owner: 'ann' });
  await writeFile(
    join(project.folder, 'production.config.ts'),
    `import config from './longhaul.config.ts';
export default { ...config, gateway: { exposeStack: 'owners' }, executor: { id: 'the-one', drainMs: 100 } };\n`,
  );
  const env = {
    NATS_URL: inject('natsUrl'),
    LONGHAUL_NAMESPACE: freshNamespace(),
    PORT: '0',
    API_KEYS_FILE: keys,
  };
  const gateway = await serve(['gateway', '--config', 'production.config.ts', '--no-console'], env);
  const executor = await serve(['executor', '--config', 'production.config.ts'], env);
  expect(executor.line.executor).toBe('the-one');

  const client = { env: { LONGHAUL_URL: gateway.line.url } };
  expect((await runCli(['run', 'numbers.count', '--to', '4'], client)).code).toBe(4);
  const keyed = { env: { ...client.env, LONGHAUL_API_KEY: key } };
  const ran = await runCli(['run', 'numbers.count', '--to', '4', '--json'], keyed);
  expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'COMPLETED', output: { sum: 10 } });
  // The owner sees the stack, as the config says; by itself only operators would.
  const failed = await runCli(['run', 'numbers.count', '--to', '4', '--fail-at', '1', '--json'], keyed);
  expect(JSON.parse(failed.stdout)).toMatchObject({
    error: { stack: expect.stringContaining('handlers.ts') },
  });

  expect(await executor.service.end('SIGTERM')).toBe(0);
  expect(await gateway.service.end('SIGTERM')).toBe(0);
});

/** What is wrong with a project, and what is said of it. */
const mistakes = [
  { what: 'no config', args: ['--config', 'nowhere.ts'], says: /There is no file .*nowhere\.ts/ },
  {
    what: 'a config without handlers',
    text: 'export default { contract: {} };',
    says: /"handlers" is missing/,
  },
  {
    what: 'a config with an option that there is not',
    text: 'export default { contract: {}, handlers: {}, handler: {} };',
    says: /There is no option "handler"\. Did you mean "handlers"/,
  },
  { what: 'a config that exports nothing', text: 'export const config = 1;', says: /no export "default"/ },
  {
    what: 'a contract without handlers',
    args: ['--contract', 'contract.ts'],
    says: /name the handlers as well/,
  },
  {
    what: 'an export that is not there',
    args: ['--contract', 'contract.ts#nothing', '--handlers', 'handlers.ts'],
    says: /has no export "nothing"/,
  },
] as const;

describe('a mistake in the project', { timeout: 4 * deadlineMs }, () => {
  test.each(mistakes)('$what', async mistake => {
    if ('text' in mistake) await writeFile(join(project.folder, 'longhaul.config.ts'), mistake.text);
    const args = 'args' in mistake ? mistake.args : [];
    const { code, stderr } = await runCli(['executor', ...args], { cwd: project.folder });
    expect(stderr).toMatch(mistake.says);
    expect(code).toBe(2);
  });
});

test('modules instead of a config', { timeout: 4 * deadlineMs }, async () => {
  const env = { NATS_URL: inject('natsUrl'), LONGHAUL_NAMESPACE: freshNamespace(), PORT: '0' };
  const files = ['--contract', 'contract.ts', '--handlers', 'handlers.ts#handlers'];
  const gateway = await serve(['gateway', '--no-console', ...files], env);
  await serve(['executor', ...files], env);
  const ran = await runCli(['run', 'numbers.count', '--to', '2'], {
    env: { LONGHAUL_URL: gateway.line.url },
  });
  expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, { sum: 3, names: [] }]);
});
