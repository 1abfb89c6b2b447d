import { describe, expect, test } from 'vitest';
import { PullConsumer, pullExpiryMs } from './pullConsumer.ts';

const expiresMs = 2_000;
const create = () => new PullConsumer('demo-count-high', 'high', 'demo', expiresMs);

test.each([
  [3, 2_000],
  [500, 2_000],
  [1_000, 4_000],
])('pulls on %i consumers wait %i ms', (consumers, ms) => {
  expect(pullExpiryMs(consumers)).toBe(ms);
});

test('a new consumer is quiet', () => {
  expect(create().state(5_000)).toEqual({ priority: 'high', outstanding: 0, waiting: 0, active: false });
});

describe('pulls', () => {
  test('are outstanding until they are delivered', () => {
    const consumer = create();
    consumer.asked(1, 2, 0);
    consumer.asked(2, 1, 0);
    expect(consumer.state(0).outstanding).toBe(3);
    for (const left of [2, 1, 0, 0]) {
      consumer.delivered(0, 10);
      expect(consumer.state(10).outstanding).toBe(left);
    }
  });

  test('are over when the server says so, with what was left of them', () => {
    const consumer = create();
    consumer.asked(1, 5, 0);
    consumer.asked(2, 3, 0);
    consumer.delivered(7, 10);
    consumer.ended(1);
    expect(consumer.state(10)).toMatchObject({ outstanding: 3, waiting: 0 });
    consumer.ended(1);
    expect(consumer.state(10).outstanding).toBe(3);
  });

  test('are lost when nothing is heard of them well after their end', () => {
    const consumer = create();
    consumer.asked(1, 5, 0);
    consumer.asked(2, 3, 1_000);
    expect(consumer.state(expiresMs).outstanding).toBe(8);
    expect(consumer.state(expiresMs + 1_000).outstanding).toBe(3);
    expect(consumer.state(expiresMs + 2_000).outstanding).toBe(0);
  });

  test('are unknown to a server that was connected to again', () => {
    const consumer = create();
    consumer.asked(1, 5, 0);
    consumer.reset();
    expect(consumer.state(0).outstanding).toBe(0);
  });
});

describe('deliveries', () => {
  test('make a consumer active for a second', () => {
    const consumer = create();
    consumer.delivered(4, 1_000);
    expect(consumer.state(1_999)).toMatchObject({ active: true, waiting: 4 });
    expect(consumer.state(2_000)).toMatchObject({ active: false, waiting: 4 });
  });

  test('that nobody asked for are counted all the same', () => {
    const consumer = create();
    consumer.delivered(0, 0);
    consumer.asked(1, 2, 0);
    expect(consumer.state(0).outstanding).toBe(2);
  });
});
