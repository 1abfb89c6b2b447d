import { runHandler } from '@longhaul/executor';
import { eventThat, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import mandelbrot from '../../examples/mandelbrot.ts';
import { contract } from '../../examples/mandelbrotContract.ts';
import { handlers } from '../../examples/mandelbrotHandlers.ts';
import { expectShown } from './expectShown.ts';

describe('the example of the guide to CPU-bound handlers', () => {
  it('runs as it stands, and is canceled in the middle of its loop', async () => {
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
    const { mandelbrot: task } = stack.tasks.fractal;
    const { inside } = await (await task.start({ size: 100 })).result();
    expect(inside).toBeGreaterThan(1_000);
    expect(inside).toBeLessThan(2_500);

    const long = await task.start({ size: 10_000 });
    await eventThat(stack.broker, 'progress', ({ id, event }) => id === long.id && event.type === 'progress');
    await long.cancel('enough');
    expect(await long.outcome()).toMatchObject({ status: 'CANCELED', reason: 'enough' });
  });

  it('can be tested without a thread', async () => {
    const percents: number[] = [];
    const onProgress = ({ percent }: { percent: number }) => percents.push(percent);
    const { inside } = await runHandler(
      contract.fractal.mandelbrot,
      mandelbrot,
      { size: 10 },
      { onProgress },
    );
    expect(inside).toBeGreaterThan(5);
    expect(percents).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  it.each(['mandelbrotContract', 'mandelbrot', 'mandelbrotHandlers'])('shows %s as it is', name =>
    expectShown('docs/guides/cpu-bound-handlers.md', name),
  );
});
