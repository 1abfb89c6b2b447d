import { sampleContract } from '@longhaul/proto/sample';
import { type StackOptions, startStack } from '@longhaul/testing';
import { inject } from 'vitest';
import { builtConsole } from '../../../scripts/start/buildConsole.ts';
import { sampleHandlers } from '../../../services/executor/src/families/index.ts';
import { demoContract, demoHandlers } from './demo.ts';

const contract = { ...sampleContract, ...demoContract };
const handlers = { ...sampleHandlers({ ...process.env, DOCUMENT_DIR: process.cwd() }), ...demoHandlers };

/** A whole system with the built console, of the sample tasks and the demonstration's. */
export function startConsole(options: Partial<StackOptions<typeof contract>> = {}) {
  return startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers,
    ...options,
    gateway: { console: { directory: builtConsole }, ...options.gateway },
  });
}
