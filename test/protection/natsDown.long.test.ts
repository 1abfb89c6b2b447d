import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer } from '@longhaul/nats-server';
import { recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, type ExpectStatic, it } from 'vitest';
import { freeRows, ownedRows, type Target } from '../api/ownershipRows.ts';
import { callOverHttp, openPlainSocket, type PlainAnswer, type PlainCall } from '../api/plainTransports.ts';

/** NATS is away or does not answer: every call of both façades is answered in time, and all is well afterwards. */

/** How long a call may wait for NATS that has just gone, or that is there and says nothing: it is held back for 20 s. */
const longestMs = 30_000;
/** How long it may take once the gateway knows that NATS is away. */
const atOnceMs = 1_000;

/** A system on a nats-server of its own. */
async function system() {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-nats-down-'));
  const nats = await startNatsServer({ dataDir });
  const stack = await startStack({
    natsUrl: nats.url,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
    gateway: { authenticate: () => ({ owner: 'ann', role: 'admin' }) },
  });
  const { script } = stack.tasks;
  const { id: taskId } = await script.hang.start({});
  await recordThat(stack.broker, 'the record', ({ id }) => id === taskId);
  await script.hang.schedule({ id: 'nightly', every: '1h', input: {} });
  return {
    nats,
    url: stack.gateways[0]?.url ?? '',
    about: { owner: 'ann', taskId, scheduleId: 'nightly' } satisfies Target,
    [Symbol.asyncDispose]: async () => {
      // Its streams go with its folder; the gateways end without a server as well.
      await Promise.all(stack.gateways.map(gateway => gateway.stop()));
      await stack.nc.close();
      await nats.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
type System = Awaited<ReturnType<typeof system>>;

type Row = { readonly call: PlainCall; readonly until?: (text: string) => boolean };
const rowsAbout = (about: Target): [string, Row][] => [
  ...Object.entries(ownedRows).map(([name, { about: callAbout, until }]): [string, Row] => [
    name,
    { call: callAbout(about), ...(until ? { until } : {}) },
  ]),
  ...Object.entries(freeRows),
];

/** These answer 200 with what became of each task. */
const withResults = new Set(['<task>.startMany', 'POST /v1/tasks/<task>/batch']);
const isUnavailable = ({ body }: PlainAnswer) => body.includes('NATS_UNAVAILABLE');

/** What of each call is not as it should be. */
async function askAll({ url, about }: System, limitMs: number, mayBeServed: boolean): Promise<string[]> {
  const wrong = await Promise.all(
    rowsAbout(about).map(async ([name, { call, until }]) => {
      // A stream that was opened lives on: its first event is enough.
      const first = (text: string) => until?.(text) === true;
      try {
        const answer = await within(name, callOverHttp(url, call, {}, first), limitMs);
        if (!isUnavailable(answer))
          return mayBeServed && answer.status < 500 ? [] : [`${name}: ${answer.body}`];
        const isStream = call.type === 'subscription';
        const { 'retry-after': retryAfter } = answer.headers as Record<string, string>;
        if (isStream && answer.body.includes('"retryAfterSeconds":1')) return [];
        if (mayBeServed && withResults.has(name) && answer.status === 200) return [];
        return answer.status === 503 && retryAfter === '1' ? [] : [`${name}: ${answer.status} ${retryAfter}`];
      } catch (error) {
        return [`${name}: ${String(error)}`];
      }
    }),
  );
  return wrong.flat();
}

/** @param expect of the test: several run at once */
async function expectServed({ url, about }: System, expect: ExpectStatic): Promise<void> {
  const ready = async () => (await fetch(`${url}/readyz`)).status;
  await expect.poll(ready, { timeout: 30_000, interval: 100 }).toBe(200);
  const started = async () =>
    (await callOverHttp(url, { type: 'route', method: 'POST', path: '/v1/tasks/script.hang', body: {} }))
      .status;
  await expect.poll(started, { timeout: 30_000, interval: 250 }).toBe(202);
  const { status } = await callOverHttp(url, ownedRows['tasks.get']?.about(about) ?? expect.unreachable());
  expect(status).toBe(200);
}

describe.concurrent('NATS', { timeout: 150_000 }, () => {
  it('is gone: calls are answered 503 with Retry-After, at once when that is known, and served again when it is back', async ({
    expect,
  }) => {
    await using one = await system();
    const { url, nats, about } = one;
    await using socket = await openPlainSocket(url);
    await nats.kill();
    expect(await askAll(one, longestMs, true)).toEqual([]);
    await expect.poll(() => askAll(one, atOnceMs, false), { timeout: 30_000 }).toEqual([]);
    const overSocket = await within(
      'an answer over WebSocket',
      socket.call({ type: 'query', path: 'tasks.get', input: { id: about.taskId } }),
      atOnceMs,
    );
    expect(overSocket).toContain('NATS_UNAVAILABLE');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    await nats.restart();
    await expectServed(one, expect);
  });

  it('says nothing: no call hangs, and all are served when it continues', async ({ expect }) => {
    await using one = await system();
    process.kill(one.nats.pid, 'SIGSTOP');
    try {
      expect(await askAll(one, longestMs, true)).toEqual([]);
    } finally {
      process.kill(one.nats.pid, 'SIGCONT');
    }
    await expectServed(one, expect);
  });
});
