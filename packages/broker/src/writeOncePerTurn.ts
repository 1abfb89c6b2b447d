import type { NatsConnection } from '@nats-io/transport-node';

/** The part of the client's inside that decides when bytes go to the socket. */
type Protocol = {
  flushPending: () => void;
  readonly outbound: { size: () => number };
  readonly pendingLimit: number;
};

/**
 * Makes a connection write to its socket once per turn of the event loop, where the client writes once per run of
 * microtasks: about once a message. Each write costs a system call here and a read, a wake-up and often a write at
 * the server; with many tasks at once that was two fifths of the processor time of all processes together.
 *
 * The order of what is written stays. It is written before the event loop waits for anything, so nothing is delayed
 * by more than the callbacks that are due anyway; and at once when it is as much as the client itself lets gather.
 *
 * The client has no option for this, so its inside is changed, and only where it has the expected form; else nothing is
 * changed, and the connection is slower. `writeOncePerTurn.test.ts` fails when an update of the client gets there.
 *
 * @returns writes what has gathered, now; `undefined`: this client is another, and was left as it is
 */
export function writeOncePerTurn(nc: NatsConnection): (() => void) | undefined {
  const protocol = protocolOf(nc);
  if (!protocol) return undefined;
  const write = protocol.flushPending.bind(protocol);
  let planned: NodeJS.Immediate | undefined;
  const writeNow = () => {
    clearImmediate(planned);
    planned = undefined;
    write();
  };
  protocol.flushPending = () => {
    if (protocol.outbound.size() >= protocol.pendingLimit) writeNow();
    else planned ??= setImmediate(writeNow);
  };
  return writeNow;
}

function protocolOf(nc: NatsConnection): Protocol | undefined {
  const protocol: unknown = 'protocol' in nc ? nc.protocol : undefined;
  return isProtocol(protocol) ? protocol : undefined;
}

function isProtocol(value: unknown): value is Protocol {
  if (typeof value !== 'object' || value === null) return false;
  const { flushPending, outbound, pendingLimit } = value as { [part in keyof Protocol]?: unknown };
  if (typeof flushPending !== 'function' || typeof pendingLimit !== 'number') return false;
  return (
    typeof outbound === 'object' &&
    outbound !== null &&
    'size' in outbound &&
    typeof outbound.size === 'function'
  );
}
