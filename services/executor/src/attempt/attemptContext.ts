import type { Broker } from '@longhaul/broker';
import type { Logger } from 'pino';
import type { RunnableTask } from '../handler/handlerCall.ts';
import type { Limits } from '../limits/limits.ts';
import type { AttemptMetrics } from '../telemetry/observeAttempt.ts';

/** What every attempt of one executor shares. */
export type AttemptSetting = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly executor: string;
  /** Milliseconds that a first delivery may hold its `started` back. */
  readonly holdStartedMs: number;
  readonly definitionOf: (name: string) => RunnableTask | undefined;
  readonly limits: Limits;
  /** Ends what still waits for NATS: the process is about to end. */
  readonly giveUp: AbortSignal;
  /** Where nobody reads metrics, nothing is counted. */
  readonly metrics: AttemptMetrics | undefined;
};
