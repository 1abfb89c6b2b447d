import { readFileSync } from 'node:fs';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { contract } from './contract.ts';
import { handlers } from './handler.ts';

/** A gateway and an executor with users of their own. A secret that is a function is read again at each connect. */
export async function startServices(servers: string, secrets: string) {
  const password = (user: string) => () => readFileSync(`${secrets}/${user}`, 'utf8').trim();
  const gateway = await createGateway({
    contract,
    port: 0,
    nats: {
      servers,
      credentials: { kind: 'password', user: 'gateway', password: password('gateway') },
      inboxPrefix: '_INBOX_gateway',
    },
  });
  const executor = await createExecutor({
    contract,
    handlers,
    nats: {
      servers,
      credentials: { kind: 'password', user: 'executor', password: password('executor') },
      inboxPrefix: '_INBOX_executor',
    },
  });
  return { gateway, executor };
}
