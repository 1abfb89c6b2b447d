import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, inject, test } from 'vitest';

test('the nats-server of the run is recent and has JetStream', async () => {
  const connection = await connect({ servers: inject('natsUrl') });
  try {
    const [major = 0, minor = 0] = (connection.info?.version ?? '').split('.').map(Number);
    expect(major * 1000 + minor).toBeGreaterThanOrEqual(2014);
    expect(connection.info?.jetstream).toBe(true);

    const manager = await jetstreamManager(connection);
    const name = `longhaul_test_server_${process.pid}`;
    const stream = await manager.streams.add({ name, subjects: [`${name}.>`] });
    expect(stream.config.storage).toBe('file');
    expect(await manager.streams.delete(name)).toBe(true);
  } finally {
    await connection.close();
  }
});
