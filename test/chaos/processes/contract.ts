import { defineContract } from '@longhaul/proto';
import { scriptedContract } from '@longhaul/testkit';
import { threadContract } from './threadContract.ts';

/** What the gateways and executors of a run serve: the scripted tasks, and those in threads. */
export const chaosContract = defineContract({
  script: scriptedContract.script,
  thread: threadContract.thread,
});
export type ChaosContract = typeof chaosContract;
