// A gateway of the sample contract as a process, configured by environment variables.

import { join } from 'node:path';
import { runGateway } from '@longhaul/gateway/process';
import { sampleContract } from '@longhaul/samples';

await runGateway(sampleContract, {
  consoleDirectory: join(import.meta.dirname, '../../packages/console/dist'),
});
