import { defineHandler } from '@longhaul/executor/sandbox';
import { errorContract } from './contract.ts';
import { oddHandler } from './oddHandler.ts';

export const odd = defineHandler(errorContract.threaded.odd, oddHandler);
