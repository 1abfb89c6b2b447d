import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { type Stack, startStack, within } from '@longhaul/testing';
import {
  type ScriptedContract,
  type SpawnedService,
  scriptedContract,
  scriptedHandlers,
  spawnGateway,
} from '@longhaul/testkit';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

/**
 * As many as the system lets wait for one server, at most 1,500. More than Node's default of 511 on any Linux that did not
 * lower it; what other systems allow is not known, and little.
 */
const waiting = Math.min(
  1_500,
  Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => 100)),
);

let stack: Stack<ScriptedContract>;
let gateway: SpawnedService & { readonly url: string };
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 0,
  });
  gateway = await spawnGateway({ natsUrl: inject('natsUrl'), namespace: stack.namespace });
});
afterAll(async () => {
  gateway.signal('SIGCONT');
  await gateway[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

it(`${waiting} clients that come while the gateway is busy are connected at once, and answered later`, async () => {
  const { hostname, port } = new URL(gateway.url);
  // A gateway that does not run accepts nothing: the kernel connects those that may wait, and drops the others.
  gateway.signal('SIGSTOP');
  const sockets = Array.from({ length: waiting }, () => connect(Number(port), hostname));
  try {
    await within('the connections', Promise.all(sockets.map(socket => once(socket, 'connect'))));
    gateway.signal('SIGCONT');
    const answers = sockets.map(async socket => {
      socket.write('GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n');
      const [head] = await once(socket, 'data');
      return String(head).split('\r\n', 1)[0];
    });
    const heads = await within('the answers', Promise.all(answers));
    expect(new Set(heads)).toEqual(new Set(['HTTP/1.1 200 OK']));
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});
