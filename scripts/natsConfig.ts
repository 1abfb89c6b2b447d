// `pnpm nats-config [namespace]`: prints the configuration of a nats-server for a deployment with that namespace.

import { natsConfiguration } from '@longhaul/broker';

process.stdout.write(natsConfiguration(process.argv[2]));
