import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Broker, isStorageFull } from '@longhaul/broker';
import { startNatsServer } from '@longhaul/nats-server';
import { recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { type ExpectStatic, test } from 'vitest';
import { recordedLog } from './lines.ts';

/** NATS has no room: answers, log and readyz say so by a code of its own, and all recovers by itself. */

/** Starts, fills, restarts and drains a whole system. */
const testLimitMs = 90_000;

const serverLimit = (size: string) => `jetstream { max_file_store: ${size} }`;

async function system(configText = '') {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-full-'));
  const nats = await startNatsServer({ dataDir, configText });
  const log = recordedLog();
  const stack = await startStack({
    natsUrl: nats.url,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    // Requests stay in the queue.
    executors: 0,
    gateway: { logger: log.logger, protection: { callRate: 'off' } },
  });
  const url = stack.gateways[0]?.url ?? '';
  const start = () =>
    fetch(`${url}/v1/tasks/script.echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'x'.repeat(200_000) }),
    });
  const ready = async () => {
    const answer = await fetch(`${url}/readyz`);
    return { code: answer.status, ...((await answer.json()) as { readonly why?: string }) };
  };
  return {
    ...stack,
    nats,
    dataDir,
    log,
    start,
    ready,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stack.executors.map(executor => executor.stop({ drainMs: 0 })));
      await Promise.all(stack.gateways.map(gateway => gateway.stop()));
      await stack.nc.close();
      await nats.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
type System = Awaited<ReturnType<typeof system>>;

/** Starts tasks until one is refused; answers the accepted ones' ids and the refusal. */
async function fill({ start }: System) {
  const accepted: string[] = [];
  for (;;) {
    const answer = await start();
    const body = (await answer.json()) as { readonly task_id: string };
    if (answer.status !== 202) return { accepted, status: answer.status, body };
    accepted.push(body.task_id);
  }
}

async function expectRecovered(one: System, accepted: readonly string[], expect: ExpectStatic) {
  await expect.poll(one.ready, { timeout: 20_000 }).toMatchObject({ code: 200 });
  expect(one.log.lines.filter(({ code }) => code === 'STORAGE_FULL')).toHaveLength(1);
  // The test's own connection may reconnect later than the gateway's.
  const answers = () =>
    one.broker.jsm.getAccountInfo().then(
      () => true,
      () => false,
    );
  await expect.poll(answers, { timeout: 20_000 }).toBe(true);
  await one.addExecutor();
  // What was accepted was stored, and ends.
  const last = accepted.at(-1);
  const completed = new Set<string>();
  await recordThat(one.broker, 'the end of all that was accepted', ({ id, status }) => {
    if (status === 'COMPLETED') completed.add(id);
    return last !== undefined && accepted.every(each => completed.has(each));
  });
  const task = await one.tasks.script.echo.start({ text: 'after' });
  await expect(within('a result', task.result())).resolves.toEqual({ text: 'after' });
}

test(
  'max_file_store is reached: STORAGE_FULL, and all recovers when it is raised',
  async ({ expect }) => {
    await using one = await system(serverLimit('6MB'));
    const { accepted, status, body } = await fill(one);
    expect([status, body]).toMatchObject([
      507,
      { code: 'STORAGE_FULL', detail: expect.stringContaining('max_file_store') },
    ]);
    await expect(one.tasks.script.echo.start({ text: 'x'.repeat(200_000) })).rejects.toMatchObject({
      data: { reason: 'STORAGE_FULL', code: 'SERVICE_UNAVAILABLE', httpStatus: 507 },
    });
    expect(await one.ready()).toMatchObject({ code: 503, why: expect.stringContaining('no room') });
    await restartWith(one, serverLimit('100MB'));
    await expectRecovered(one, accepted, expect);
  },
  testLimitMs,
);

/** The same server with another configuration: its file is written again at each start. */
async function restartWith(one: System, configText: string): Promise<void> {
  await one.nats.stop();
  const { port } = one.nats;
  const again = await startNatsServer({ dataDir: one.dataDir, port, configText });
  one.nats.stop = () => again.stop();
}

/** The largest file that a process may write, as an option of `prlimit`. A write beyond it fails as one on a full disk does. */
const allowFiles = (pid: number, fsize: string) =>
  promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${fsize}:`]);

test(
  'a write fails, as on a full disk: said within seconds, refused at once from then on, and all recovers with nats-server',
  async ({ expect }) => {
    await using one = await system();
    const accepted: string[] = [];
    const startNext = async () => {
      const answer = await one.start();
      const body = (await answer.json()) as { readonly task_id: string; readonly code?: string };
      if (answer.status === 202) accepted.push(body.task_id);
      return { status: answer.status, code: body.code };
    };
    expect(await startNext()).toMatchObject({ status: 202 });
    await allowFiles(one.nats.pid, '500000');
    // The server answers the first start that it cannot store with nothing at all.
    const filling = (async () => {
      while ((await startNext()).status === 202);
    })();
    const saysNothing = {
      code: 503,
      why: expect.stringMatching(/the request stream .*stores nothing.*restart/),
    };
    await expect.poll(one.ready, { timeout: 40_000 }).toMatchObject(saysNothing);
    expect(await startNext()).toEqual({ status: 507, code: 'STORAGE_FULL' });
    await filling;
    expect(accepted.length).toBeGreaterThan(1);
    // With room again the server still refuses, until it is restarted.
    await allowFiles(one.nats.pid, 'unlimited');
    await expect(
      one.broker.acked.publish(one.broker.topology.subjects.placeholder, new Uint8Array()),
    ).rejects.toThrow(/timeout/i);
    expect(await one.ready()).toMatchObject(saysNothing);
    await one.nats.kill('SIGTERM');
    await one.nats.restart();
    await expectRecovered(one, accepted, expect);
  },
  2 * testLimitMs,
);

const limited = async ({ jsm, topology }: Broker, maxBytes: number) =>
  void (await jsm.streams.update(topology.requestStream, { max_bytes: maxBytes }));

test(
  'max_bytes of the request stream is reached: STORAGE_FULL before an accepted task is discarded',
  async ({ expect }) => {
    await using one = await system();
    await limited(one.broker, 8_000_000);
    const accepted: string[] = [];
    for (let n = 0; n < 30; n += 1) {
      const answer = await one.start();
      accepted.push(((await answer.json()) as { readonly task_id: string }).task_id);
    }
    // The last tenth slowly enough for a look in between.
    await expect
      .poll(
        async () => {
          const answer = await one.start();
          const body = (await answer.json()) as { readonly task_id: string; readonly code?: string };
          if (answer.status === 202) accepted.push(body.task_id);
          return { status: answer.status, code: body.code };
        },
        { timeout: 25_000, interval: 400 },
      )
      .toEqual({ status: 507, code: 'STORAGE_FULL' });
    expect(await one.ready()).toMatchObject({ code: 503, why: expect.stringContaining('max_bytes') });
    const { state } = await one.broker.jsm.streams.info(one.broker.topology.requestStream);
    expect(state.first_seq).toBe(1);
    await limited(one.broker, -1);
    await expectRecovered(one, accepted, expect);
  },
  testLimitMs,
);

test(
  'the bucket of records is full: readyz says so, and records come when it has room',
  async ({ expect }) => {
    await using one = await system();
    const { jsm, topology } = one.broker;
    const setLimit = (max_bytes: number) => jsm.streams.update(topology.bucketStream, { max_bytes });
    await setLimit(1_000);
    const answer = await one.start();
    const { task_id: id } = (await answer.json()) as { readonly task_id: string };
    expect(answer.status).toBe(202);
    await expect
      .poll(one.ready, { timeout: 30_000 })
      .toMatchObject({ code: 503, why: expect.stringContaining('maximum bytes') });
    await setLimit(-1);
    await expectRecovered(one, [id], expect);
  },
  testLimitMs,
);

/** Long enough for the store to be full before. */
const dueAfterMs = 10_000;

test(
  'a delayed start and a recurring schedule that were due while NATS had no room begin once it has room',
  async ({ expect }) => {
    await using one = await system(serverLimit('6MB'));
    const { jsm, js, topology } = one.broker;
    const dueMs = Date.now() + dueAfterMs;
    const delayed = await one.tasks.script.echo.start({ text: 'late' }, { delayMs: dueAfterMs });
    await one.tasks.script.echo.schedule({ id: 'ticker', every: '10s', input: { text: 'tick' } });
    await jsm.streams.add({ name: 'BALLAST', subjects: ['ballast'] });
    for (const bytes of [100_000, 1_000, 100]) {
      const piece = new Uint8Array(bytes);
      const untilFull = async () => {
        for (;;) await js.publish('ballast', piece);
      };
      await untilFull().catch((error: unknown) => expect(isStorageFull(error)).toBe(true));
    }
    expect((await one.start()).status).toBe(507);
    expect(Date.now()).toBeLessThan(dueMs);
    // The server says nothing of a time that it could not fire: it only passes.
    await delay(dueMs + 1_000 - Date.now());
    const { state } = await jsm.streams.info(topology.requestStream, {
      subjects_filter: topology.subjects.allSchedules,
    });
    expect(Object.keys(state.subjects ?? {})).toHaveLength(2);
    await jsm.streams.delete('BALLAST');
    await one.addExecutor();
    await expect(within('the delayed task', delayed.result())).resolves.toEqual({ text: 'late' });
    await recordThat(one.broker, 'the task of the schedule', ({ scheduleId, status }) => {
      return scheduleId === 'ticker' && status === 'COMPLETED';
    });
  },
  testLimitMs,
);
