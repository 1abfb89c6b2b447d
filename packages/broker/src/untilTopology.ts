import { setTimeout as delay } from 'node:timers/promises';
import type { Broker } from './broker.ts';
import { isStreamNotFound, isUnavailable } from './brokerErrors.ts';
import { ensureTopology } from './ensureTopology.ts';
import { streamsOf } from './topologyParts.ts';

type Log = {
  readonly error: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
};

/** How soon a start that has to wait looks again. */
const againMs = 500;

/**
 * Creates or checks everything in NATS, as `ensureTopology` does, and waits where a part does not answer: the only server that
 * keeps a stream or bucket may be away while the others are well. What is missing is said by name, once until it changes.
 *
 * @throws TopologyError and every error that is an answer: waiting would not help
 */
export async function untilTopology(broker: Broker, logger: Log): Promise<void> {
  for (let said = ''; ; await delay(againMs)) {
    try {
      await ensureTopology(broker);
      if (said !== '') logger.info({}, 'all streams and buckets answer; the start continues');
      return;
    } catch (error) {
      if (!isUnavailable(error) || broker.nc.isClosed()) throw error;
      const silent = await silentStreams(broker);
      const what = silent.length > 0 ? silent.join(', ') : 'JetStream';
      if (what !== said)
        logger.error({ err: error }, `in NATS, no answer from ${what}; the start continues when it is back`);
      said = what;
    }
  }
}

/** Which streams do not answer; one that is missing does: it is not there. */
async function silentStreams(broker: Broker): Promise<string[]> {
  const asked = await Promise.all(
    streamsOf(broker).map(async ({ name, label }) => {
      try {
        await broker.jsm.streams.info(name);
        return [];
      } catch (error) {
        return isUnavailable(error) && !isStreamNotFound(error) ? [label] : [];
      }
    }),
  );
  return asked.flat();
}
