import { createGateway } from '@longhaul/gateway';
import { contract } from './contract.ts';

/** A gateway behind a proxy, for a page of another origin, with tighter limits than by default. */
export function startGateway(natsUrl: string, namespace: string, apiKeysFile: string) {
  return createGateway({
    contract,
    namespace,
    nats: { servers: natsUrl },
    port: 0,
    apiKeysFile,
    protection: {
      callRate: { perSecond: 20, burst: 200 },
      streamsPerOwner: 50,
      allowedOrigins: ['https://app.example.org'],
      trustedProxies: ['loopback', '10.0.0.0/8'],
    },
  });
}
