import type { QueueInfo } from '@longhaul/proto/wire';
import { useEffect, useState } from 'react';
import { followSystem, type Range, type Snapshot } from '../../gateway/system.ts';

export const waitingOf = ({ pending }: QueueInfo): number =>
  Object.values(pending).reduce((sum, count) => sum + count, 0);

const sum = (queues: readonly QueueInfo[], of: (queue: QueueInfo) => number) =>
  queues.reduce((total, queue) => total + of(queue), 0);

/** The numbers at the top of the page. */
export type Figures = {
  readonly waiting: number;
  readonly running: number;
  readonly scheduled: number;
  readonly retrying: number;
  readonly completed: number;
  readonly failed: number;
  readonly slots: number;
  readonly busySlots: number;
};

export function figuresOf(snapshot: Snapshot): Figures {
  const { queues, executors, throughput } = snapshot;
  const here = executors.filter(({ responding }) => responding);
  return {
    waiting: sum(queues, waitingOf),
    running: sum(queues, ({ running }) => running),
    scheduled: sum(queues, ({ scheduled }) => scheduled),
    retrying: sum(queues, ({ retrying }) => retrying),
    completed: throughput.buckets.reduce((total, { completed }) => total + completed, 0),
    failed: throughput.buckets.reduce((total, { failed }) => total + failed, 0),
    slots: here.reduce((total, { slots }) => total + slots, 0),
    busySlots: here.reduce((total, { runningCount }) => total + runningCount, 0),
  };
}

/** The system as it was when NATS answered last; nothing until it has. */
export function useSystem({ lastMs, buckets }: Range): Snapshot | undefined {
  const [latest, setLatest] = useState<Snapshot>();
  useEffect(
    () =>
      followSystem({ lastMs, buckets }, snapshot => {
        if (snapshot) setLatest(snapshot);
      }),
    [lastMs, buckets],
  );
  return latest;
}
