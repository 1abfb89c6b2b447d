import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sampleContract } from '@longhaul/samples';
import { sampleHandlers } from '@longhaul/samples/handlers';
import { startStack, within } from '@longhaul/testing';
import { expect, inject, test } from 'vitest';

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
const [command, script] = hasPython
  ? ['python3', fileOf('pollingClient.py')]
  : [process.execPath, fileOf('pollingClient.mjs')];

const report =
  'The quarter was excellent. Revenue in Berlin grew by 12 percent, and the market praised the wonderful results. ' +
  'Costs stayed low. The board in London was happy about the growth.';

test('a client that knows status 202, Location and status payloads starts an analysis and polls it to its end', async () => {
  const polled = Promise.withResolvers<void>();
  // The document is not there before the client has seen its task run.
  await using library = createServer(async (_request, response) => {
    await polled.promise;
    response.setHeader('content-type', 'text/plain; charset=utf-8').end(report);
  });
  await new Promise<void>(resolve => library.listen(0, '127.0.0.1', resolve));
  const documentUrl = `http://127.0.0.1:${(library.address() as AddressInfo).port}/report.txt`;
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: sampleContract,
    handlers: sampleHandlers({ DOCUMENT_ALLOW_PRIVATE_URLS: 'true' }),
    gateway: {
      authenticate: ({ headers }) =>
        headers.authorization === 'Bearer secret-key' ? { owner: 'ann', role: 'user' } : undefined,
    },
  });

  const url = stack.gateways[0]?.url ?? '';
  const client = spawn(command, [script, url, 'secret-key', 'bot-abc-123', documentUrl, '0.02'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>(resolve => client.once('close', resolve));
  const answers: Record<string, unknown>[] = [];
  const read = async () => {
    for await (const line of createInterface({ input: client.stdout })) {
      const answer = JSON.parse(line) as Record<string, unknown>;
      answers.push(answer);
      if (answer.status === 'RUNNING' && answer.progress_percent !== undefined) polled.resolve();
    }
  };
  await within('the client is through', Promise.all([read(), exited]));

  expect(await exited).toBe(0);
  const [first, ...others] = answers;
  const id = first?.task_id;
  expect(first).toMatchObject({ http: 202, task_id: expect.any(String), status: 'PENDING' });
  expect(others.every(({ http, task_id }) => http === 200 && task_id === id)).toBe(true);
  expect(others.some(({ status }) => status === 'RUNNING')).toBe(true);
  expect(others.at(-1)).toMatchObject({
    status: 'COMPLETED',
    name: 'document.analyze',
    owner: 'ann',
    progress_percent: 100,
    created_at: expect.stringMatching(/Z$/),
    started_at: expect.stringMatching(/Z$/),
    completed_at: expect.stringMatching(/Z$/),
    result: { summary: expect.stringContaining('Revenue'), sentiment: { label: 'POSITIVE' } },
  });
});
