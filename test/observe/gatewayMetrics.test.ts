import { appendEvent } from '@longhaul/broker';
import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, taskEvent } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readMetrics, type Sample, sumOf } from './readMetrics.ts';

const operator = ({ headers }: { headers: Readonly<Record<string, string | string[] | undefined>> }) => {
  const role = headers['x-role'];
  return role === 'user' || role === 'operator' ? ({ owner: 'ann', role } as const) : undefined;
};
const system = () =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
  });

let stack: Awaited<ReturnType<typeof system>>;
beforeAll(async () => {
  stack = await system();
});
afterAll(() => stack[Symbol.asyncDispose]());

const scrape = async (gateway: { readonly url: string }, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${gateway.url}/metrics`, { headers });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
};
const samplesOf = async (...gateways: readonly { readonly url: string }[]): Promise<Sample[]> => {
  const texts = await Promise.all(gateways.map(gateway => scrape(gateway)));
  return texts.flatMap(({ text }) => readMetrics(text));
};
/** Asks until the metrics say so: a record is in the bucket just before its gateway counts it. */
const samplesThat = (what: string, fits: (samples: Sample[]) => boolean) =>
  within(
    what,
    (async () => {
      for (;;) {
        const samples = await samplesOf(...stack.gateways);
        if (fits(samples)) return samples;
      }
    })(),
  );

describe('the metrics of gateways', () => {
  it('count each fact once over all gateways, and not again after a restart', async () => {
    const [first, second] = stack.gateways.map(gateway => stack.tasksOf(gateway).script);
    await first!.echo.run({ text: 'a' });
    await second!.echo.run({ text: 'b' });
    await second!.fail.run({ declared: true });
    const hanging = await first!.hang.start({});
    await eventThat(stack.broker, 'hangs', ({ id, event }) => id === hanging.id && event.type === 'started');
    await hanging.cancel();
    await recordThat(
      stack.broker,
      'canceled',
      ({ id, status }) => id === hanging.id && status === 'CANCELED',
    );

    const ended = (samples: Sample[]) =>
      ['completed', 'failed', 'canceled'].map(how => sumOf(samples, `longhaul_tasks_${how}_total`));
    const before = await samplesThat('every end', samples => ended(samples).join() === '2,1,1');
    expect(sumOf(before, 'longhaul_tasks_created_total')).toBe(4);
    expect(sumOf(before, 'longhaul_tasks_created_total', { name: 'script.echo' })).toBe(2);
    expect(sumOf(before, 'longhaul_tasks_started_total')).toBe(4);
    expect(sumOf(before, 'longhaul_attempts_started_total')).toBe(4);
    expect(sumOf(before, 'longhaul_attempts_failed_total', { name: 'script.fail' })).toBe(1);
    for (const what of ['waiting', 'running', 'total'])
      expect(sumOf(before, `longhaul_task_${what}_seconds_count`)).toBe(4);

    // A gateway that comes later reads all of those records, and has counted none of them.
    const later = await stack.addGateway();
    const own = await samplesOf(later);
    expect(sumOf(own, 'longhaul_index_entries')).toBe(4);
    expect([sumOf(own, 'longhaul_tasks_created_total'), ...ended(own)]).toEqual([0, 0, 0, 0]);
  });

  it('say what waits and runs the same from every gateway, and what each one serves', async () => {
    const { script, $types } = stack.tasks;
    await $types.pause('script.count');
    const waiting = await script.count.start({ steps: 1 }, { priority: 'high' });
    const running = await script.hang.start({});
    await recordThat(stack.broker, 'runs', ({ id, status }) => id === running.id && status === 'RUNNING');
    const watching = running.events();
    await watching.next();

    const samples = await samplesThat(
      'all gateways know both',
      all =>
        sumOf(all, 'longhaul_tasks', { status: 'RUNNING' }) === stack.gateways.length &&
        sumOf(all, 'longhaul_tasks', { name: 'script.count', status: 'PENDING' }) === stack.gateways.length &&
        sumOf(all, 'longhaul_projection_lag_events') === 0,
    );
    const depth = samples.filter(
      ({ name, labels }) => name === 'longhaul_queue_depth' && labels.name === 'script.count',
    );
    const atHigh = depth.filter(({ labels }) => labels.priority === 'high');
    expect(atHigh.map(({ value }) => value)).toEqual(stack.gateways.map(() => 1));
    expect(sumOf(depth, 'longhaul_queue_depth')).toBe(stack.gateways.length);
    expect(sumOf(samples, 'longhaul_queue_paused')).toBe(stack.gateways.length);
    expect(sumOf(samples, 'longhaul_queue_delivered', { name: 'script.hang' })).toBe(stack.gateways.length);
    expect(sumOf(samples, 'longhaul_nats_connected')).toBe(stack.gateways.length);
    expect(sumOf(samples, 'longhaul_streams')).toBe(1);
    expect(sumOf(samples, 'longhaul_watchers')).toBe(1);
    expect(sumOf(samples, 'process_resident_memory_bytes')).toBeGreaterThan(0);

    await watching.return();
    await samplesThat(
      'nobody watches',
      all => sumOf(all, 'longhaul_streams') + sumOf(all, 'longhaul_watchers') === 0,
    );
    await running.cancel();
    await $types.resume('script.count');
    await waiting.result();
  });

  it('have labels of the contract alone, whatever lies in the streams', async () => {
    const { broker } = stack;
    const id = '01a1fd3d-ae4c-71ad-835b-2b2aac2cc064';
    const at = new Date().toISOString();
    const task = { v: 1, owner: 'ann', createdAt: at, priority: 'normal', input: {} } as const;
    const end = { type: 'completed', attempt: 1, executor: 'x', output: {} } as const;
    const event = taskEvent({ ...end, owner: 'ann', at, task });
    await appendEvent(broker, { id, name: 'somebody.elses' }, event, 0);
    const samples = await samplesThat(
      'the stray event',
      all => sumOf(all, 'longhaul_tasks_completed_total', { name: '(unknown)' }) === 1,
    );
    expect(samples.filter(({ labels }) => labels.name?.includes('somebody'))).toEqual([]);
  });

  it('leave out what the server does not say while it cannot be reached', async () => {
    const nats = await connect({ servers: inject('natsUrl') });
    const gateway = await stack.addGateway({ nats });
    const namesOf = async () => new Set((await samplesOf(gateway)).map(({ name }) => name));
    const ofServer = ['longhaul_queue_depth', 'longhaul_queue_paused', 'longhaul_projection_lag_events'];
    expect([...(await namesOf())]).toEqual(expect.arrayContaining(ofServer));
    await nats.close();
    const cutOff = await within(
      'the gateway knows it',
      (async () => {
        for (;;) {
          const samples = await samplesOf(gateway);
          if (sumOf(samples, 'longhaul_nats_connected') === 0) return samples;
        }
      })(),
    );
    expect(cutOff.filter(({ name }) => ofServer.includes(name))).toEqual([]);
    expect(sumOf(cutOff, 'longhaul_index_entries')).toBeGreaterThan(0);
  });

  it('are for this machine and operators, as the gateway is told', async () => {
    const open = await scrape(stack.gateways[0]!);
    expect([open.status, open.type]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/)]);

    const careful = await stack.addGateway({ authenticate: operator });
    expect((await scrape(careful)).status).toBe(200);
    // A proxy on this machine brings requests of others.
    expect((await scrape(careful, { 'x-forwarded-for': '203.0.113.7' })).status).toBe(401);
    expect((await scrape(careful, { forwarded: 'for=203.0.113.7', 'x-role': 'operator' })).status).toBe(200);

    const strict = await stack.addGateway({ authenticate: operator, metrics: 'operator' });
    expect((await scrape(strict)).status).toBe(401);
    const refused = await scrape(strict, { 'x-role': 'user' });
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
      403,
      { error: { reason: 'FORBIDDEN' } },
    ]);
    expect((await scrape(strict, { 'x-role': 'operator' })).status).toBe(200);

    const closed = await stack.addGateway({ metrics: 'off' });
    expect((await scrape(closed)).status).toBe(404);
  });
});
