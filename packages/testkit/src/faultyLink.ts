import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A direction of a link: from the service to NATS (`up`), or back (`down`). */
export type Direction = 'up' | 'down';

/** What is wrong with a link. Nothing, where all are left out. */
export type LinkFault = {
  /** Bytes of these directions are taken and not delivered before the link is healed: a black hole. */
  readonly hold?: readonly Direction[];
  /** All connections are reset, and new ones as soon as they are made. */
  readonly reset?: boolean;
  /** Each direction takes so much longer. */
  readonly delayMs?: number;
  /** Each direction of each connection carries no more than this. */
  readonly bytesPerSecond?: number;
};

/** A network link between a service and nats-server, with faults. */
export type FaultyLink = {
  /** The URL of nats-server through the link. */
  readonly url: string;
  /** From now on the link has this fault, and no other. */
  readonly set: (fault: LinkFault) => void;
  /** The link is well again: what was held is delivered. */
  readonly heal: () => void;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Opens a link to a nats-server: a TCP proxy on a port of its own. */
export async function openFaultyLink(natsUrl: string): Promise<FaultyLink> {
  const { hostname, port } = new URL(natsUrl);
  const sockets = new Set<Socket>();
  let fault: LinkFault = {};
  let changed = Promise.withResolvers<void>();
  let isOpen = true;

  /** Carries one direction of a connection, in order, with the end of the stream behind the bytes. */
  const carry = (from: Socket, to: Socket, direction: Direction) => {
    let turn = Promise.resolve();
    const afterOthers = (bytes: number, deliver: () => void) => {
      const arrivedMs = performance.now();
      turn = turn.then(async () => {
        const { delayMs = 0, bytesPerSecond } = fault;
        const slowMs = bytesPerSecond ? (1_000 * bytes) / bytesPerSecond : 0;
        const waitMs = Math.max(slowMs, arrivedMs + delayMs - performance.now());
        if (waitMs > 0) await delay(waitMs, undefined, { ref: false });
        while (isOpen && fault.hold?.includes(direction)) await changed.promise;
        if (!to.destroyed) deliver();
      });
    };
    from.on('data', chunk => afterOthers(chunk.length, () => to.write(chunk)));
    from.on('close', () => afterOthers(0, () => to.destroy()));
  };

  const server = createServer(service => {
    const nats = dial(Number(port), hostname);
    for (const socket of [service, nats]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      // An error is followed by `close`, which is carried to the other side.
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    carry(service, nats, 'up');
    carry(nats, service, 'down');
    if (fault.reset) service.resetAndDestroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const set = (next: LinkFault) => {
    fault = next;
    if (next.reset) for (const socket of sockets) socket.resetAndDestroy();
    changed.resolve();
    changed = Promise.withResolvers();
  };
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set,
    heal: () => set({}),
    [Symbol.asyncDispose]: async () => {
      isOpen = false;
      set({});
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
