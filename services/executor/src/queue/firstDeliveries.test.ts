import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker } from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { describe, expect, it } from 'vitest';
import { FirstDeliveries } from './firstDeliveries.ts';
import type { RequestMessage } from './requestMessage.ts';

const nowMs = 1_000_000;

/** What is known of deliveries, over a stream whose last sequence is `lastSeq`, or which does not answer. */
async function known(lastSeq: number | 'no answer' = 10) {
  const broker = {
    topology: createTopology(),
    clock: { nowMs: () => nowMs },
    jsm: {
      streams: {
        info: async () => {
          if (lastSeq === 'no answer') throw new Error('no answer');
          return { state: { last_seq: lastSeq } };
        },
      },
    },
  };
  const deliveries = new FirstDeliveries(broker as unknown as Broker);
  deliveries.renew();
  await nextTurn();
  return deliveries;
}

const request = (with_: Partial<RequestMessage> = {}) =>
  ({
    consumer: 'a-normal',
    consumerSeq: 5,
    deliveries: 1,
    isFirstPublish: true,
    streamSeq: 11,
    storedAtMs: nowMs - 5,
    ...with_,
  }) as RequestMessage;

describe('a delivery is the first of a task', () => {
  it('where everything says so', async () => {
    expect((await known()).isFirst(request())).toBe(true);
  });

  it.each<[string, Partial<RequestMessage>]>([
    ['it was delivered before', { deliveries: 2 }],
    ['its gateway does not say that it is the first publish', { isFirstPublish: false }],
    ['it was stored before the last doubt', { streamSeq: 10 }],
    ['it is older than a second', { storedAtMs: nowMs - 1_001 }],
    ['its time is in the future: the clocks do not agree', { storedAtMs: nowMs + 251 }],
    ['its delivery does not say when it was stored', { storedAtMs: 0 }],
  ])('but not where %s', async (_why, with_) => {
    expect((await known()).isFirst(request(with_))).toBe(false);
  });

  it('but not before the stream was looked at, or while it does not answer', async () => {
    const deliveries = await known('no answer');
    expect(deliveries.isFirst(request())).toBe(false);
    deliveries.stop();
  });

  it('but not where a consumer counts from the beginning again, until the stream was looked at again', async () => {
    const deliveries = await known();
    deliveries.delivered(request({ consumerSeq: 5 }));
    deliveries.delivered(request({ consumer: 'b-normal', consumerSeq: 1 }));
    deliveries.delivered(request({ consumerSeq: 6 }));
    expect(deliveries.isFirst(request())).toBe(true);
    deliveries.delivered(request({ consumerSeq: 1 }));
    expect(deliveries.isFirst(request())).toBe(false);
    await nextTurn();
    expect(deliveries.isFirst(request())).toBe(true);
  });
});
