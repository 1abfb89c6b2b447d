import type {
  ExecutorInfo,
  QueueInfo,
  SystemEvent,
  SystemWatchRequest,
  Throughput,
  ThroughputRequest,
} from '@longhaul/proto/wire';
import { iterateEvents } from './eventIterator.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import type { WaitOptions } from './taskHandle.ts';

/** The overview of the system. An operator or administrator sees all of it, a user the numbers of the own tasks. */
export type SystemOverview = {
  /** Who executes tasks, and what. Takes up to a second, since each of them is asked. */
  readonly executors: () => Promise<ExecutorInfo[]>;
  /** What waits and runs of each task name. */
  readonly queues: () => Promise<QueueInfo[]>;
  /** How much was started and ended, and how long it took, over time. */
  readonly throughput: (request?: ThroughputRequest) => Promise<Throughput>;
  /** All of it, every two seconds if not told otherwise; across lost connections and gateway restarts, without end. */
  readonly watch: (request?: SystemWatchRequest & WaitOptions) => AsyncGenerator<SystemEvent, void, void>;
};

export function systemOverview(calls: GatewayCalls): SystemOverview {
  return {
    executors: () => calls.query<ExecutorInfo[]>('system.executors'),
    queues: () => calls.query<QueueInfo[]>('system.queues'),
    throughput: request => calls.query<Throughput>('system.throughput', request),
    watch: async function* ({ signal, ...request } = {}) {
      const subscribe = calls.subscribe<SystemEvent>('system.watch', request);
      for await (const { data } of iterateEvents(subscribe, undefined, signal)) yield data;
    },
  };
}
