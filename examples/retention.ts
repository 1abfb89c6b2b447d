import { createGateway } from '@longhaul/gateway';
import { contract } from './contract.ts';

const hourMs = 60 * 60 * 1_000;

export const startGateway = (natsUrl: string, namespace: string) =>
  createGateway({
    contract,
    nats: { servers: natsUrl },
    namespace,
    port: 0,
    retention: { completedMs: hourMs, failedMs: 30 * 24 * hourMs, canceledMs: 7 * 24 * hourMs },
  });
