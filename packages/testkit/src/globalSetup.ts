import { locateNatsServer } from '@longhaul/nats-server';
import { natsForTests } from '@longhaul/testing';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The one nats-server of this run; keep apart by namespace, and start an own one to kill it. */
    natsUrl: string;
  }
}

/** vitest calls this once before all test files, and what it returns once after them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Tests that kill their server run the binary even when the shared one is a container: fetch it once, before them.
  await locateNatsServer({ say: console.log });
  const nats = await natsForTests();
  console.log(`tests run on ${nats.describe}`);
  project.provide('natsUrl', nats.url);
  return nats.stop;
}
