import { startNatsCluster } from '@longhaul/testkit';
import { expect, it } from 'vitest';
import { raceCancels } from '../cancelModel/raceCancels.ts';

it('cancel-means-stop and ends-once on three replicas, where each task is canceled as it begins', async () => {
  await using cluster = await startNatsCluster();
  const { begun, unbegun, ...faults } = await raceCancels(
    cluster.servers.map(({ url }) => url),
    3,
    200,
  );
  expect(faults).toEqual({ behindCanceled: [], oddEnds: [], running: 0 });
  // Else all were delivered in time, or none.
  expect(begun).toBeGreaterThan(0);
  expect(unbegun).toBeGreaterThan(0);
}, 240_000);
