import { type Broker, encode } from '@longhaul/broker';
import { createTopology, type TaskEvent } from '@longhaul/proto/wire';
import { appendedHeaders, taskEvent } from '@longhaul/testkit';
import { expect, test } from 'vitest';
import type { LiveFeed } from './liveFeed.ts';
import { LiveTap } from './liveTap.ts';
import { Replays } from './replays.ts';
import { watchMany } from './watchMany.ts';

const topology = createTopology();
const id = '01890000-0000-7000-8000-000000000000';
const caller = { owner: 'alice', role: 'user' } as never;
const eventAt = (seq: number): TaskEvent =>
  taskEvent({ type: 'started', attempt: seq, executor: 'a', owner: 'alice' });

type Query = {
  readonly seq: number;
  readonly batch: number;
  readonly callback: (done: object | null, message?: object) => void;
};

/** The events 1 to `count`, of which the replica that answers direct gets has the first `replicated`. */
function createStream(count: number, replicated: number) {
  const stored = (seq: number) => ({
    seq,
    subject: topology.subjects.event({ id, name: 'demo' }, 'life'),
    data: encode(eventAt(seq)),
    header: appendedHeaders(topology, id),
  });
  return {
    topology,
    reconnections: { answerOf: (answer: unknown) => answer },
    jsm: {
      consumers: {
        info: async () => ({
          ack_floor: { stream_seq: count },
          delivered: { stream_seq: count },
          num_pending: 0,
          num_ack_pending: 0,
        }),
      },
      streams: {
        info: async () => ({ state: { first_seq: 1, last_seq: count } }),
        getMessage: async (_stream: string, { seq }: { seq: number }) => (seq <= count ? stored(seq) : null),
      },
      direct: {
        getBatch: async (_stream: string, { seq, batch, callback }: Query) => {
          const last = Math.min(replicated, seq + batch - 1);
          for (let at = seq; at <= last; at += 1) callback(null, { ...stored(at), pending: replicated - at });
          callback({});
          return { stop: () => {} };
        },
      },
    },
  } as unknown as Broker;
}

test.each([
  [10, 10],
  [10, 7],
  [10, 0],
  [450, 450],
  [450, 320],
  [450, 200],
])(
  'of %i events, of which the nearest replica has %i, each comes once and in order',
  async (count, replicated) => {
    const broker = createStream(count, replicated);
    const feed = { open: () => new LiveTap(() => {}) } as unknown as LiveFeed;
    const left = new AbortController();
    const seen: number[] = [];
    const replays = new Replays(broker, 10_000);
    for await (const item of watchMany({ broker, feed, replays }, caller, undefined, '2', left.signal)) {
      if (item.kind === 'event') seen.push(item.stored.seq);
      if (seen.length === count - 2) left.abort();
    }
    expect(seen).toEqual(Array.from({ length: count - 2 }, (_, i) => i + 3));
  },
);
