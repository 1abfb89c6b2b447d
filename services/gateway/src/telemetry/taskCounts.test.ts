import { describe, expect, test } from 'vitest';
import { TaskCounts } from './taskCounts.ts';

const task = (owner: string, status: 'PENDING' | 'RUNNING') =>
  ({ owner, name: 'audio.transcribe', priority: 'normal', status }) as const;
const line = (status: string, count: number) => ({
  name: 'audio.transcribe',
  priority: 'normal',
  status,
  count,
});

describe('counts of tasks', () => {
  test('follow each task from one status to the next, for all and for its owner', () => {
    const counts = new TaskCounts();
    counts.move(undefined, task('ann', 'PENDING'));
    counts.move(undefined, task('bob', 'PENDING'));
    counts.move(task('bob', 'PENDING'), task('bob', 'RUNNING'));
    expect(counts.read()).toEqual([line('PENDING', 1), line('RUNNING', 1)]);
    expect(counts.read('ann')).toEqual([line('PENDING', 1)]);
    expect(counts.read('bob')).toEqual([line('RUNNING', 1)]);
  });

  test('keep nothing of what has gone', () => {
    const counts = new TaskCounts();
    for (let n = 0; n < 100; n += 1) {
      counts.move(undefined, task(`owner ${n}`, 'RUNNING'));
      counts.move(task(`owner ${n}`, 'RUNNING'), undefined);
    }
    expect(counts.read()).toEqual([]);
    expect(counts.read('owner 7')).toEqual([]);
  });
});
