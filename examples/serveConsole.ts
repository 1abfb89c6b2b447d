import { createGateway } from '@longhaul/gateway';
import { contract } from './contract.ts';

/** A gateway with the console at `/`; without the option there is the API alone. */
export function serve(servers: string, directory: string) {
  return createGateway({ contract, nats: { servers }, port: 0, console: { directory } });
}
