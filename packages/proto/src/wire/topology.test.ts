import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { priorities } from './names.ts';
import { ackWaitMs, createTopology, heartbeatMs, type Topology } from './topology.ts';

const namespace = fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/);
const namesIn = (topology: Topology) => [
  topology.requestStream,
  topology.eventStream,
  `bucket ${topology.bucket}`,
  topology.bucketStream,
  `bucket ${topology.scheduleBucket}`,
  topology.scheduleBucketStream,
  `object store ${topology.payloadStore}`,
  topology.payloadStream,
];

test('the default namespace has the names of the protocol', () => {
  const { namespace: name, requestStream, eventStream, bucket, bucketStream, streams } = createTopology();
  expect({ name, requestStream, eventStream, bucket, bucketStream }).toEqual({
    name: 'tasks',
    requestStream: 'TASKS',
    eventStream: 'TASK_EVENTS',
    bucket: 'tasks',
    bucketStream: 'KV_tasks',
  });
  expect(streams.requests.subjects).toEqual(['tasks.request.>', 'tasks.schedule.>', 'tasks.fire.>']);
  expect(streams.events.republish).toEqual({ src: 'tasks.event.>', dest: 'tasks.live.>' });
});

describe('namespaces', () => {
  test.each(['', 'Tasks', '1st', 'a.b', 'a b', '*', '>', '-a', 'x'.repeat(33), 'a\n', 'é'])(
    '"%s" is refused, and the message says what to write',
    given => {
      expect(() => createTopology(given)).toThrow(TypeError);
      expect(() => createTopology(given)).toThrow(/lower-case letter/);
    },
  );

  test('two of them share no stream, bucket or subject', () => {
    fc.assert(
      fc.property(namespace, namespace, (a, b) => {
        fc.pre(a !== b);
        const [one, other] = [createTopology(a), createTopology(b)];
        expect(new Set([...namesIn(one), ...namesIn(other)]).size).toBe(16);
        expect(one.subjects.allEvents.split('.')[0]).not.toBe(other.subjects.allEvents.split('.')[0]);
      }),
    );
  });

  test('every name is one that NATS takes for a stream or bucket', () => {
    fc.assert(
      fc.property(namespace, given => {
        const { requestStream, eventStream, bucket, scheduleBucket, payloadStore } = createTopology(given);
        for (const name of [requestStream, eventStream, bucket, scheduleBucket, payloadStore])
          expect(name).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });
});

describe('request consumers', () => {
  test('each name and priority has its own', () => {
    const { consumers } = createTopology();
    const segment = fc.constantFrom('a', 'b', 'ab', 'a_b', 'A', 'high', 'low');
    const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map(parts => parts.join('.'));
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 20 }), names => {
        const durables = names.flatMap(n => priorities.map(p => consumers.requests(n, p).durable_name));
        expect(new Set(durables).size).toBe(durables.length);
        for (const durable of durables) expect(durable).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  test('a request is delivered again and again until its task has ended', () => {
    const plan = createTopology().consumers.requests('a.b', 'low');
    expect(plan).toMatchObject({
      durable_name: 'a-b-low',
      filter_subject: 'tasks.request.low.*.a.b',
      max_deliver: -1,
      ack_wait: ackWaitMs * 1_000_000,
    });
  });
});

test('several heartbeats may go missing before an executor counts as lost, and that is noticed within 5 s', () => {
  expect(ackWaitMs / heartbeatMs).toBeGreaterThanOrEqual(3);
  expect(ackWaitMs + 1_000).toBeLessThan(5_000);
});

test('large payloads have an object store, named like the bucket', () => {
  expect(createTopology()).toMatchObject({
    payloadStore: 'task-payloads',
    payloadStream: 'OBJ_task-payloads',
  });
  const lab = createTopology('lab');
  expect(lab.payloadStore).toBe('lab-task-payloads');
  expect(lab.payloadPieces('n')).toBe('$O.lab-task-payloads.C.n');
});

test('a record is addressed by its owner and id', () => {
  expect(createTopology('lab').recordSubject('a@b', 'x')).toBe('$KV.lab-tasks.=YUBi.x');
});
