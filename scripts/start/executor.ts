// An executor of the sample contract as a process, configured by environment variables.

import { runExecutor } from '@longhaul/executor/process';
import { sampleContract } from '@longhaul/samples';
import { sampleHandlers } from '@longhaul/samples/handlers';

await runExecutor(sampleContract, sampleHandlers(process.env));
