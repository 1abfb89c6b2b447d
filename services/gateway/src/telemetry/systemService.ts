import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Broker, isUnavailable } from '@longhaul/broker';
import type {
  ExecutorInfo,
  QueueInfo,
  SystemEvent,
  systemWatchRequestSchema,
  Throughput,
  throughputRequestSchema,
} from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import { type Caller, maySee } from '../auth/caller.ts';
import type { RecordIndex } from '../records/recordIndex.ts';
import { cachedLoad } from './cachedLoad.ts';
import type { ExecutorDirectory } from './executorDirectory.ts';
import { queuesOf, readQueues } from './queues.ts';
import { ThroughputSeries } from './throughput.ts';

type ThroughputQuery = z.output<typeof throughputRequestSchema>;
type WatchQuery = z.output<typeof systemWatchRequestSchema>;

export type SystemDeps = {
  readonly broker: Broker;
  readonly index: RecordIndex;
  readonly directory: ExecutorDirectory;
  /** Every task name of the contract. */
  readonly names: readonly string[];
};

/** Many may look at once; the server, and the index, are looked through once in this time. */
const keptMs = 1_000;
/** How many records a time series looks at, newest first: 0.45 s of work where all are in it, 0.05 s where none is (measured). */
export const seriesScanLimit = 200_000;
/** How many of them in one turn of the event loop: about 2 ms, which no other call notices. */
const scanChunk = 1_000;
/** A time series is drawn again after twenty times as long as it took: at most a twentieth of a processor for each. */
const seriesKeptMs = (tookMs: number) => Math.max(keptMs, 20 * tookMs);
/** How many different time series are kept for a moment. */
const seriesKept = 64;

/**
 * The overview of the system: who executes, what waits, and how much was done. Invariant 8, owner-only: an operator or
 * administrator sees all of it; a user sees the executors without others' tasks, and the numbers of the own tasks.
 */
export function createSystemService({ broker, index, directory, names }: SystemDeps) {
  const queueStates = cachedLoad(keptMs, () => readQueues(broker, names));
  const series = new LRUCache<string, () => Promise<Throughput>>({ max: seriesKept });

  const executors = async (caller: Caller): Promise<ExecutorInfo[]> =>
    (await directory.look()).map(({ status, seenAtMs, responding }) => ({
      id: status.executor,
      ...(status.host === undefined ? {} : { host: status.host }),
      ...(status.version === undefined ? {} : { version: status.version }),
      startedAt: status.startedAt,
      lastSeenAt: new Date(seenAtMs).toISOString(),
      responding,
      slots: status.slots,
      tasks: status.tasks,
      runningCount: status.running.length,
      running: status.running.filter(({ id }) => {
        if (caller.role !== 'user') return true;
        // A task that the index does not know yet is nobody's to see.
        const owner = index.get(id)?.owner;
        return owner !== undefined && maySee(caller, owner);
      }),
    }));

  const queues = async (caller: Caller): Promise<QueueInfo[]> => {
    const seesAll = caller.role !== 'user';
    return queuesOf(
      names,
      await queueStates(),
      index.counts.read(seesAll ? undefined : caller.owner),
      seesAll,
    );
  };

  const look = async (caller: Caller, query: ThroughputQuery): Promise<Throughput> => {
    const made = new ThroughputSeries(query, Date.now());
    let behind: string | undefined;
    for (let scanned = 0; scanned < seriesScanLimit; scanned += scanChunk) {
      let inChunk = 0;
      // Found anew for each chunk, by its place in the order: the index changes between two turns.
      for (const { key, summary } of index.newestFirst(behind)) {
        if (maySee(caller, summary.owner)) made.add(summary);
        behind = key;
        inChunk += 1;
        if (inChunk === scanChunk) break;
      }
      if (inChunk < scanChunk) return made.read(false);
      await nextTurn();
    }
    return made.read(true);
  };

  const throughput = (caller: Caller, query: ThroughputQuery): Promise<Throughput> => {
    const whose = caller.role === 'user' ? ['user', caller.owner] : ['all'];
    const key = JSON.stringify([...whose, query.lastMs, query.buckets, query.name]);
    let known = series.get(key);
    if (!known) {
      known = cachedLoad(seriesKeptMs, () => look(caller, query));
      series.set(key, known);
    }
    return known();
  };

  const snapshot = async (caller: Caller, query: WatchQuery): Promise<SystemEvent> => {
    const at = new Date().toISOString();
    try {
      const [who, waiting, done] = await Promise.all([
        executors(caller),
        queues(caller),
        throughput(caller, query.throughput),
      ]);
      return { type: 'snapshot', at, executors: who, queues: waiting, throughput: done };
    } catch (error) {
      if (isUnavailable(error)) return { type: 'unavailable', at };
      throw error;
    }
  };

  return {
    /** @throws what NATS says when it does not answer */
    executors,
    /** @throws what NATS says when it does not answer */
    queues,
    throughput,
    /** All of it, again and again until the signal. A reader that does not read holds up only itself. */
    watch: async function* (caller: Caller, query: WatchQuery, signal: AbortSignal) {
      while (!signal.aborted) {
        const event = await snapshot(caller, query);
        if (signal.aborted) return;
        yield { id: event.at, event };
        await delay(query.intervalMs, undefined, { signal }).catch(() => {});
      }
    },
  };
}

export type SystemService = ReturnType<typeof createSystemService>;
