import { runGatewayProcess } from '@longhaul/testkit';
import { chaosContract } from './contract.ts';

await runGatewayProcess(chaosContract);
