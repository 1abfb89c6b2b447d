import { sampleContract } from '@longhaul/samples';
import { sampleHandlers } from '@longhaul/samples/handlers';
import { type StackOptions, startStack } from '@longhaul/testing';
import { inject } from 'vitest';
import { builtConsole } from '../../../scripts/start/buildConsole.ts';
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
