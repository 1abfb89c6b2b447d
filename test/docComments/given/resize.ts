import { defineHandler } from '@longhaul/executor/sandbox';
import * as contract from './contract.ts';

export default defineHandler(contract.resize, ({ input }) => ({ path: input.path }));
