import { expect, it } from 'vitest';
import { Disposables } from './disposables.ts';

it('closes in reverse order, each once, also where one part fails', async () => {
  const closed: string[] = [];
  const opened = new Disposables();
  opened.defer(() => closed.push('first'));
  opened.defer(async () => {
    closed.push('second');
    throw new Error('second failed');
  });
  opened.defer(() => closed.push('third'));
  await expect(opened.disposeAsync()).rejects.toThrow('second failed');
  expect(closed).toEqual(['third', 'second', 'first']);
  await opened.disposeAsync();
  expect(closed).toHaveLength(3);
});

it('closes nothing that was moved', async () => {
  const closed: string[] = [];
  let moved: Disposables;
  {
    await using opening = new Disposables();
    opening.defer(() => closed.push('it'));
    moved = opening.move();
  }
  expect(closed).toEqual([]);
  await moved.disposeAsync();
  expect(closed).toEqual(['it']);
});
