import type { Check } from './finding.ts';
import { clockCheck, natsCheck, storageCheck } from './serverChecks.ts';
import { streamCheck } from './streamCheck.ts';
import { executorCheck, gatewayCheck, queueCheck } from './workChecks.ts';

/** All checks, in the order in which one that fails explains those that follow. */
export const checks: readonly Check[] = [
  natsCheck,
  clockCheck,
  storageCheck,
  streamCheck,
  gatewayCheck,
  executorCheck,
  queueCheck,
];
