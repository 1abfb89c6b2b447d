import type { Broker } from '@longhaul/broker';
import { z } from 'zod';
import { namespace, type System } from '../system.ts';
import type { Violation } from './violation.ts';

const connectionsSchema = z.object({
  connections: z.array(
    z.object({ name: z.string().default('?'), subscriptions_list: z.array(z.string()).default([]) }),
  ),
});

/** A gateway's heap beside that of one that has just started on the same records. */
const heapSlackBytes = 24 * 1024 * 1024;

/** After everything has ended and every watcher has left, nothing of them is left in NATS or in a gateway's memory. */
export async function nothingGrows(system: System, broker: Broker): Promise<Violation[]> {
  const found = [...(await leftSubscriptions(system)), ...(await leftConsumers(system, broker))];
  const grown = await grownHeap(system);
  return [...found, ...grown].map(what => ({ invariant: 'nothing-grows', what }));
}

/** A subscription for one task is a departed watcher or a finished attempt that was not put away. */
async function leftSubscriptions(system: System): Promise<string[]> {
  const response = await fetch(`${system.monitorUrl}/connz?subs=1&limit=1000`);
  const { connections } = connectionsSchema.parse(await response.json());
  return connections.flatMap(({ name, subscriptions_list }) => {
    const left = subscriptions_list.filter(
      subject => subject.startsWith(`${namespace}.live.`) || subject.startsWith(`${namespace}.cancel.`),
    );
    return left.length > 0
      ? [`${name} still subscribes to ${left.length} subjects: ${left.slice(0, 5).join(' ')}`]
      : [];
  });
}

async function leftConsumers({ lives, natsOutages }: System, { jsm, topology }: Broker): Promise<string[]> {
  const found: string[] = [];
  const gatewaysEver = lives.filter(({ target }) => target.startsWith('gateway')).length;
  // One for each gateway's watch on the bucket, which the NATS client creates again when the server was away.
  const bucketWatches = gatewaysEver * (1 + natsOutages.length);
  for (const stream of [topology.requestStream, topology.eventStream, topology.bucketStream]) {
    const consumers = await Array.fromAsync(jsm.consumers.list(stream));
    const ephemeral = consumers.filter(({ config }) => config.durable_name === undefined);
    // Those of killed gateways expire by themselves some minutes later.
    const expected = stream === topology.bucketStream ? bucketWatches : 0;
    if (ephemeral.length > expected)
      found.push(`${stream} has ${ephemeral.length} ephemeral consumers, at most ${expected} are expected`);
    for (const { name, num_ack_pending } of consumers)
      if (num_ack_pending > 0) found.push(`${name} still waits for ${num_ack_pending} acknowledgements`);
  }
  return found;
}

/** Both gateways hold the same index of records, so only what has grown differs. */
async function grownHeap(system: System): Promise<string[]> {
  const worn = await system.running('gateway-1').service.heapBytes();
  await system.end('gateway-2', 'stop');
  await system.spawn('gateway-2');
  const fresh = await system.running('gateway-2').service.heapBytes();
  const inMiB = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return worn > fresh + heapSlackBytes
    ? [`gateway-1 uses ${inMiB(worn)} of heap, a new one on the same records ${inMiB(fresh)}`]
    : [];
}
