import { natsConfiguration } from '@longhaul/broker';

/** `longhaul nats-config [NAMESPACE]`: the configuration of a nats-server, with users that may do what they need. */
export async function natsConfigCommand(namespace: string | undefined): Promise<undefined> {
  process.stdout.write(natsConfiguration(namespace));
  return undefined;
}
