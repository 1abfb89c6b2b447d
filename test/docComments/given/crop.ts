import { defineHandler } from '@longhaul/executor/sandbox';
import * as contract from './contract.ts';

export const crop = defineHandler(contract.crop, ({ input }) => ({ path: input.path }));
