import { runGatewayProcess } from '@longhaul/testing';
import { chaosContract } from './contract.ts';

await runGatewayProcess(chaosContract);
