import { type Broker, encode } from '@longhaul/broker';
import { type RequestMessage, readRequestMessage } from './requestMessage.ts';

/** How far one look goes: behind this, requests wait for their turn in the queue. */
export const lookAheadRequests = 255;
/** The most that a look reads: inputs of up to 256 KiB are part of their requests. */
const lookAheadBytes = 1024 * 1024;
/** A look that has no end by then is over: the server answers at once. Far below `ack_wait`. */
const longestLookMs = 500;

/**
 * Takes the next requests of a consumer, without waiting for more, in the order of the queue. Each has to be begun or
 * released.
 */
export function lookAhead({ nc, topology, newInbox }: Broker, consumer: string): Promise<RequestMessage[]> {
  if (nc.isClosed()) return Promise.resolve([]);
  const { promise, resolve } = Promise.withResolvers<RequestMessage[]>();
  const requests: RequestMessage[] = [];
  const inbox = newInbox();
  const end = () => {
    clearTimeout(timer);
    // A request that comes later finds no reader, and is delivered again after `ack_wait`.
    subscription.unsubscribe();
    resolve(requests);
  };
  const timer = setTimeout(end, longestLookMs);
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      const request = error ? undefined : readRequestMessage(message);
      // A status: there are no more, or no more that fit.
      if (!request) return end();
      requests.push(request);
      if (requests.length === lookAheadRequests) end();
    },
  });
  nc.publish(
    `$JS.API.CONSUMER.MSG.NEXT.${topology.requestStream}.${consumer}`,
    encode({ batch: lookAheadRequests, no_wait: true, max_bytes: lookAheadBytes }),
    { reply: inbox },
  );
  return promise;
}

/**
 * Releases requests in their order, and resolves when the server has taken that. A pull that came before would be given
 * newer requests, and so change the order.
 */
export async function releaseInOrder({ nc }: Broker, requests: readonly RequestMessage[]): Promise<void> {
  for (const request of requests.slice(0, -1)) request.release();
  const last = requests.at(-1);
  if (!last) return;
  // The server takes the answers of a consumer one after the other, and confirms one that is a request itself. Without
  // a confirmation all of them are delivered again after `ack_wait`.
  await nc.request(last.reply, '-NAK', { timeout: longestLookMs }).catch(() => {});
}
