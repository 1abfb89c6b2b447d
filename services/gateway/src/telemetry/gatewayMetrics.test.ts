import { activeStatuses, terminalStatuses } from '@longhaul/proto/wire';
import { expect, test } from 'vitest';
import { GatewayMetrics } from './gatewayMetrics.ts';

test('longhaul_tasks has every status that is not terminal, PAUSED too, also where no task has it', async () => {
  const metrics = new GatewayMetrics(['demo']);
  const none = () => 0;
  const text = await metrics.text({
    counts: () => [
      { name: 'demo', priority: 'normal', status: 'PAUSED', count: 2 },
      { name: 'demo', priority: 'normal', status: 'COMPLETED', count: 3 },
    ],
    indexEntries: none,
    watchers: none,
    streams: none,
    webSockets: none,
    connections: none,
    clockAheadMs: () => 1_500,
    isConnected: () => false,
    queues: async () => [],
    projectionLag: async () => ({ events: 0, seconds: 0 }),
  });
  const samples = text.split('\n').filter(line => line.startsWith('longhaul_tasks{'));
  const expected = activeStatuses.map(
    status => `longhaul_tasks{name="demo",status="${status}"} ${status === 'PAUSED' ? 2 : 0}`,
  );
  expect(samples.sort()).toEqual(expected.sort());
  expect(terminalStatuses).toEqual(['COMPLETED', 'FAILED', 'CANCELED']);
});
