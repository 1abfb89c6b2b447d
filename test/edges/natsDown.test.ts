import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NatsServerProcess, startNatsServer } from '@longhaul/nats-server';
import {
  recordThat,
  type ScriptedContract,
  type Stack,
  scriptedContract,
  scriptedHandlers,
  startStack,
  within,
} from '@longhaul/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freeRows, ownedRows, type Target } from '../api/ownershipRows.ts';
import { callOverHttp, openPlainSocket, type PlainAnswer, type PlainCall } from '../api/plainTransports.ts';

/** NATS is away or does not answer: every call of both façades is answered in time, and all is well afterwards. */

/** How long a call may wait for NATS that has just gone, or that is there and says nothing. */
const longestMs = 12_000;
/** How long it may take once the gateway knows that NATS is away. */
const atOnceMs = 1_000;

let dataDir: string;
let nats: NatsServerProcess;
let stack: Stack<ScriptedContract>;
let url: string;
let about: Target;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'longhaul-nats-down-'));
  nats = await startNatsServer({ dataDir });
  stack = await startStack({
    natsUrl: nats.url,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
    gateway: { authenticate: () => ({ owner: 'ann', role: 'admin' }) },
  });
  url = stack.gateways[0]?.url ?? '';
  const { script } = stack.tasks;
  const { id: taskId } = await script.hang.start({});
  await recordThat(stack.broker, 'the record', ({ id }) => id === taskId);
  await script.hang.schedule({ id: 'nightly', every: '1h', input: {} });
  about = { owner: 'ann', taskId, scheduleId: 'nightly' };
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await nats.stop();
  await rm(dataDir, { recursive: true, force: true });
});

type Row = { readonly call: PlainCall; readonly until?: (text: string) => boolean };
const rows = (): [string, Row][] => [
  ...Object.entries(ownedRows).map(([name, { about: callAbout, until }]): [string, Row] => [
    name,
    { call: callAbout(about), ...(until ? { until } : {}) },
  ]),
  ...Object.entries(freeRows),
];

const isUnavailable = ({ body }: PlainAnswer) => body.includes('NATS_UNAVAILABLE');

/** What of each call is not as it should be. */
async function askAll(limitMs: number, mayBeServed: boolean): Promise<string[]> {
  const wrong = await Promise.all(
    rows().map(async ([name, { call, until }]) => {
      // A stream that was opened lives on: its first event is enough.
      const first = (text: string) => until?.(text) === true;
      try {
        const answer = await within(name, callOverHttp(url, call, {}, first), limitMs);
        if (!isUnavailable(answer))
          return mayBeServed && answer.status < 500 ? [] : [`${name}: ${answer.body}`];
        const isStream = call.type === 'subscription';
        const { 'retry-after': retryAfter } = answer.headers as Record<string, string>;
        if (isStream && answer.body.includes('"retryAfterSeconds":1')) return [];
        return answer.status === 503 && retryAfter === '1' ? [] : [`${name}: ${answer.status} ${retryAfter}`];
      } catch (error) {
        return [`${name}: ${String(error)}`];
      }
    }),
  );
  return wrong.flat();
}

async function expectServed(): Promise<void> {
  const ready = async () => (await fetch(`${url}/readyz`)).status;
  await expect.poll(ready, { timeout: 15_000, interval: 100 }).toBe(200);
  const started = async () =>
    (await callOverHttp(url, { type: 'route', method: 'POST', path: '/v1/tasks/script.hang', body: {} }))
      .status;
  await expect.poll(started, { timeout: 15_000, interval: 250 }).toBe(202);
  const { status } = await callOverHttp(url, ownedRows['tasks.get']?.about(about) ?? expect.unreachable());
  expect(status).toBe(200);
}

it('NATS is gone: calls are answered 503 with Retry-After, at once when that is known, and served again when it is back', async () => {
  await using socket = await openPlainSocket(url);
  await nats.kill();
  expect(await askAll(longestMs, true)).toEqual([]);
  await expect.poll(async () => (await askAll(atOnceMs, false)).length, { timeout: 10_000 }).toBe(0);
  expect(await askAll(atOnceMs, false)).toEqual([]);
  const overSocket = await within(
    'an answer over WebSocket',
    socket.call({ type: 'query', path: 'tasks.get', input: { id: about.taskId } }),
    atOnceMs,
  );
  expect(overSocket).toContain('NATS_UNAVAILABLE');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  await nats.restart();
  await expectServed();
});

it('NATS says nothing: no call hangs, and all are served when it goes on', async () => {
  process.kill(nats.pid, 'SIGSTOP');
  try {
    expect(await askAll(longestMs, true)).toEqual([]);
  } finally {
    process.kill(nats.pid, 'SIGCONT');
  }
  await expectServed();
});
