import { Svcm } from '@nats-io/services';
import { connect } from '@nats-io/transport-node';
import { expect, inject, it } from 'vitest';
import { type MicroServiceOptions, startMicroService } from './microService.ts';

const name = `micro${process.pid}`;
const options = (answer: () => unknown = () => ({ well: true })): MicroServiceOptions => ({
  name,
  version: '1.2.3',
  description: 'A service of this test',
  metadata: { kind: 'test' },
  endpoint: { name: 'status', subject: `${name}.status`, answer },
  onRefused: error => {
    throw error;
  },
});

it('is found, described and counted by the client of NATS services, until it stops', async () => {
  await using nc = await connection();
  const client = new Svcm(nc.nc).client({ strategy: 'count', maxMessages: 1, maxWait: 5_000 });
  const service = startMicroService(nc.nc, options());

  expect(await Array.fromAsync(await client.ping(name))).toMatchObject([
    { id: service.id, version: '1.2.3' },
  ]);
  expect(await Array.fromAsync(await client.info(name, service.id))).toMatchObject([
    {
      description: 'A service of this test',
      metadata: { kind: 'test' },
      endpoints: [{ name: 'status', subject: `${name}.status` }],
    },
  ]);
  const answer = await nc.nc.request(`${name}.status`);
  expect(answer.json()).toEqual({ well: true });
  expect(await Array.fromAsync(await client.stats(name))).toMatchObject([
    { endpoints: [{ num_requests: 1, num_errors: 0, last_error: '' }] },
  ]);

  await service.stop();
  await expect(nc.nc.request(`${name}.status`)).rejects.toThrow(/no responders/i);
  await expect(nc.nc.request(`$SRV.PING.${name}`)).rejects.toThrow(/no responders/i);
});

it('counts an answer that fails, and answers the next', async () => {
  await using nc = await connection();
  let broken = true;
  const service = startMicroService(
    nc.nc,
    options(() => {
      if (broken) throw new Error('not now');
      return { well: true };
    }),
  );
  await expect(nc.nc.request(`${name}.status`, '', { timeout: 200 })).rejects.toThrow(/timeout/i);
  broken = false;
  expect((await nc.nc.request(`${name}.status`)).json()).toEqual({ well: true });
  const stats = (await nc.nc.request(`$SRV.STATS.${name}.${service.id}`)).json();
  expect(stats).toMatchObject({ endpoints: [{ num_requests: 2, num_errors: 1, last_error: 'not now' }] });
  await service.stop();
});

async function connection() {
  const nc = await connect({ servers: inject('natsUrl') });
  return { nc, [Symbol.asyncDispose]: () => nc.close() };
}
