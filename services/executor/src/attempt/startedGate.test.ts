import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppendResult } from './eventWriter.ts';
import { StartedGate } from './startedGate.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function create(holdMs: number, result: Promise<AppendResult> = Promise.resolve('accepted')) {
  const write = vi.fn(() => result);
  return { write, gate: new StartedGate(holdMs, write) };
}

test('without a hold it is written at once', () => {
  expect(create(0).write).toHaveBeenCalledOnce();
});

test('held back, it is written when its time has come', () => {
  const { write } = create(10);
  vi.advanceTimersByTime(9);
  expect(write).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(write).toHaveBeenCalledOnce();
});

describe('open', () => {
  test('brings it forward, and is told how it ended', async () => {
    const { write, gate } = create(10, Promise.resolve('superseded'));
    await expect(gate.open()).resolves.toBe('superseded');
    vi.advanceTimersByTime(100);
    await expect(gate.open()).resolves.toBe('superseded');
    expect(write).toHaveBeenCalledOnce();
  });

  test('fails like the write', async () => {
    const { gate } = create(10, Promise.reject(new Error('no NATS')));
    await expect(gate.open()).rejects.toThrow('no NATS');
  });
});

test('a write that fails while nobody waits is no unhandled rejection', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  try {
    create(0, Promise.reject(new Error('no NATS')));
    vi.useRealTimers();
    // Node reports unhandled rejections after the microtasks of a turn.
    await new Promise(resolve => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off('unhandledRejection', unhandled);
  }
});

describe('close', () => {
  test('before the time has come: it is never written, and says so', () => {
    const { write, gate } = create(10);
    expect(gate.close()).toBe(false);
    vi.advanceTimersByTime(100);
    expect(write).not.toHaveBeenCalled();
  });

  test('nobody can open it afterwards: a cancel may come while the last event is being written', async () => {
    const { write, gate } = create(10);
    gate.close();
    await expect(gate.open()).resolves.toBe('superseded');
    expect(write).not.toHaveBeenCalled();
  });

  test('after it was written: that stays', async () => {
    const { gate } = create(10);
    await gate.open();
    expect(gate.close()).toBe(true);
    await expect(gate.open()).resolves.toBe('accepted');
  });
});
