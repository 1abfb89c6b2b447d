import type { Broker } from '@longhaul/broker';
import type { TaskPolicy } from '@longhaul/proto';
import type { Claim, RequestAddress, TaskRequest } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { RunnableTask } from '../handler/handlerCall.ts';
import type { Limits } from '../limits/limits.ts';
import type { FirstDeliveries } from '../queue/firstDeliveries.ts';
import type { Slot } from '../queue/slotPool.ts';
import type { AttemptMetrics } from '../telemetry/observeAttempt.ts';
import type { AttemptCancel } from './cancel.ts';
import type { EventWriter } from './eventWriter.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { AttemptPauses } from './pause.ts';
import type { Rechecks } from './rechecks.ts';

/** What all attempts of one executor share. */
export type AttemptSetting = {
  readonly broker: Broker;
  readonly logger: Logger;
  /** The executor's id. */
  readonly executor: string;
  /** Milliseconds for which the `started` of a first delivery may be held back. */
  readonly holdStartedMs: number;
  readonly taskOf: (type: string) => RunnableTask | undefined;
  readonly limits: Limits;
  readonly heartbeats: Heartbeats;
  readonly rechecks: Rechecks;
  readonly firstDeliveries: FirstDeliveries;
  /** Aborted when the executor's time to stop is over. Ends everything that still waits for NATS. */
  readonly shutdownDeadline: AbortSignal;
  /** `undefined` where the executor serves no metrics. */
  readonly metrics: AttemptMetrics | undefined;
};

/** One attempt that was claimed and admitted: what executing it and settling it share. */
export type AttemptContext = {
  readonly setting: AttemptSetting;
  readonly address: RequestAddress;
  readonly task: RunnableTask;
  readonly request: TaskRequest;
  /** The number of this attempt, and how many failed before it. */
  readonly claim: Extract<Claim, { do: 'run' }>;
  /** The fencing token of this run of the handler. */
  readonly fence: number;
  /** The definition's policy with the overrides of the request. */
  readonly policy: TaskPolicy;
  /** When the whole task has to end, in milliseconds since the epoch. */
  readonly deadlineMs: number | undefined;
  readonly writer: EventWriter;
  readonly slot: Slot;
  /** The controller of the handler's signal. */
  readonly abort: AbortController;
  readonly cancel: AttemptCancel;
  readonly pauses: AttemptPauses;
};
