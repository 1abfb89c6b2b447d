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
  /** Every task type of the contract. */
  readonly names: readonly string[];
};

/** Queues and time series are computed at most once in this time, regardless of the number of callers. */
const keptMs = 1_000;
/** How many records a time series scans, newest first: 0.45 s of work if all of them are in it, 0.05 s if none is (measured). */
export const seriesScanLimit = 200_000;
/** How many records are scanned in one turn of the event loop: about 2 ms, so that other calls are not delayed. */
const scanChunk = 1_000;
/** A time series is computed again after twenty times its duration, so each uses at most a twentieth of a processor. */
const seriesKeptMs = (tookMs: number) => Math.max(keptMs, 20 * tookMs);
/** How many different time series are cached. */
const cachedSeries = 64;

/**
 * Creates the overview of the system: executors, queues and throughput. Invariant 8, owner-only: operators and administrators
 * see all of it; a user sees executors without the tasks of other owners, and counts of its own tasks.
 */
export function createSystemService({ broker, index, directory, names }: SystemDeps) {
  const queueStates = cachedLoad(keptMs, () => readQueues(broker, names));
  const series = new LRUCache<string, () => Promise<Throughput>>({ max: cachedSeries });

  const executors = async (caller: Caller): Promise<ExecutorInfo[]> =>
    (await directory.list()).map(({ status, seenAtMs, responding }) => ({
      id: status.executor,
      ...(status.host === undefined ? {} : { host: status.host }),
      ...(status.version === undefined ? {} : { version: status.version }),
      startedAt: status.startedAt,
      ...(status.clockAheadMs === undefined ? {} : { clockAheadMs: status.clockAheadMs }),
      lastSeenAt: new Date(seenAtMs).toISOString(),
      responding,
      slots: status.slots,
      tasks: status.tasks,
      runningCount: status.running.length,
      running: status.running.filter(({ id }) => {
        if (caller.role !== 'user') return true;
        // A task that is not in the index yet is hidden, since its owner is unknown.
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

  const computeThroughput = async (caller: Caller, query: ThroughputQuery): Promise<Throughput> => {
    const series = new ThroughputSeries(query, broker.clock.nowMs());
    let last: string | undefined;
    for (let scanned = 0; scanned < seriesScanLimit; scanned += scanChunk) {
      let inChunk = 0;
      // Each chunk starts after the sort key of the last one, since the index changes between two turns.
      for (const { key, summary } of index.newestFirst(last)) {
        if (maySee(caller, summary.owner)) series.add(summary);
        last = key;
        inChunk += 1;
        if (inChunk === scanChunk) break;
      }
      if (inChunk < scanChunk) return series.read(false);
      await nextTurn();
    }
    return series.read(true);
  };

  const throughput = (caller: Caller, query: ThroughputQuery): Promise<Throughput> => {
    const scope = caller.role === 'user' ? ['user', caller.owner] : ['all'];
    const key = JSON.stringify([...scope, query.lastMs, query.buckets, query.name]);
    let known = series.get(key);
    if (!known) {
      known = cachedLoad(seriesKeptMs, () => computeThroughput(caller, query));
      series.set(key, known);
    }
    return known();
  };

  const snapshot = async (caller: Caller, query: WatchQuery): Promise<SystemEvent> => {
    const at = broker.clock.now();
    try {
      const [who, waiting, done] = await Promise.all([
        executors(caller),
        queues(caller),
        throughput(caller, query.throughput),
      ]);
      const { aheadMs } = broker.clock;
      return {
        type: 'snapshot',
        at,
        executors: who,
        queues: waiting,
        throughput: done,
        ...(aheadMs === undefined ? {} : { clockAheadMs: Math.round(aheadMs) }),
      };
    } catch (error) {
      if (isUnavailable(error)) return { type: 'unavailable', at };
      throw error;
    }
  };

  return {
    /** @throws the error of NATS when it does not answer */
    executors,
    /** @throws the error of NATS when it does not answer */
    queues,
    throughput,
    /** Yields snapshots until the signal is aborted. A slow reader delays only itself. */
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
