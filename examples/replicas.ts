import { createGateway } from '@longhaul/gateway';
import { contract } from './contract.ts';

/** A gateway on a cluster that keeps everything on three servers: one of them may fail. */
export function serveReplicated(servers: readonly string[]) {
  return createGateway({ contract, nats: { servers: [...servers] }, port: 0, replicas: 3 });
}
