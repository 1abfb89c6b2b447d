import { runGatewayProcess } from '@longhaul/testkit';
import { stormContract } from './contract.ts';

await runGatewayProcess(stormContract);
