import { expect, inject, it } from 'vitest';
import { raceCancels } from './raceCancels.ts';

it('cancel-means-stop and ends-once where each task is canceled as it begins', async () => {
  const { begun, unbegun, ...faults } = await raceCancels([inject('natsUrl')], 1, 300);
  expect(faults).toEqual({ behindCanceled: [], oddEnds: [], running: 0 });
  // Else all were delivered in time, or none.
  expect(begun).toBeGreaterThan(0);
  expect(unbegun).toBeGreaterThan(0);
}, 180_000);
