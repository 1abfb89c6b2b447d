import type { Broker } from '@longhaul/broker';

/**
 * Takes a task that has ended without an executor off the queue. Not needed to be right (an executor that gets it finds its end in the
 * chain), but without it a queue that no executor serves would fill with ended tasks.
 */
export async function removeRequest(broker: Broker, id: string): Promise<void> {
  const { subjects, requestStream } = broker.topology;
  await Promise.all(
    [subjects.scheduleOf(id), subjects.requestOf(id)].map(filter =>
      broker.jsm.streams.purge(requestStream, { filter }),
    ),
  );
}
