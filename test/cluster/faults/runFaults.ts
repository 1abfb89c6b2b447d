import { createBroker } from '@longhaul/broker';
import { createTopology, recordSchema } from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { spawnExecutor, spawnGateway, startNatsCluster } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { seededRandom } from '../../chaos/seededRandom.ts';
import { checkLogs } from './checkLogs.ts';
import { type Fault, faultPlan, injectFault } from './clusterFaults.ts';
import { type Figures, newFigures } from './figures.ts';
import { type Now, Workload } from './workload.ts';

export type FaultsOptions = {
  /** Repeats the order of faults and of tasks. */
  readonly seed: number;
  /** After this time no further fault begins. */
  readonly seconds: number;
  /** Default: every kind for every victim, again and again. */
  readonly faults?: readonly Fault[];
  readonly say: (line: string) => void;
};

/**
 * Runs tasks on a cluster of three nats-servers, with three replicas, two gateways and two executors as processes, while one
 * server after the other fails. Then every task is compared with its event log and its record.
 */
export async function runFaults({ seed, seconds, faults, say }: FaultsOptions): Promise<Figures> {
  const figures = newFigures();
  const namespace = freshNamespace();
  await using cluster = await startNatsCluster();
  const common = { natsUrl: cluster.url, namespace };
  await using first = await spawnGateway({ ...common, replicas: 3 });
  await using second = await spawnGateway({ ...common, replicas: 3 });
  await using _one = await spawnExecutor({ ...common, id: 'executor-1', concurrency: 10 });
  await using _two = await spawnExecutor({ ...common, id: 'executor-2', concurrency: 10 });
  const nc = await connect({
    servers: cluster.url.split(','),
    maxReconnectAttempts: -1,
    pingInterval: 1_000,
  });
  try {
    const broker = await createBroker(nc, createTopology(namespace));
    const now: Now = { fault: 'no fault' };
    const workload = new Workload([first.url, second.url], figures, seededRandom(seed, 'tasks'), now);
    const ending = new AbortController();
    const working = workload.run(ending.signal);
    const untilMs = performance.now() + seconds * 1_000;
    const random = seededRandom(seed, 'faults');
    let plan: Fault[] = [];
    do {
      if (plan.length === 0) plan = [...(faults ?? faultPlan(random))];
      const fault = plan.shift();
      if (!fault) break;
      now.fault = `${fault.kind} ${fault.victim}`;
      say(now.fault);
      await injectFault(cluster, broker, fault);
    } while (performance.now() < untilMs && (faults === undefined || plan.length > 0));
    now.fault = 'after the last fault';
    ending.abort();
    await working;
    await workload.settle();
    const readRecord = async (id: string) => {
      const message = await broker.jsm.streams.getMessage(broker.topology.bucketStream, {
        last_by_subj: broker.topology.recordSubject('local', id),
      });
      return message && message.data.length > 0 ? recordSchema.parse(message.json()) : undefined;
    };
    await checkLogs(broker, workload.accepted, readRecord, figures);
  } finally {
    await nc.close();
  }
  return figures;
}
