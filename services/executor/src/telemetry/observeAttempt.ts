import { type Broker, beginSpan, contextOfHeaders } from '@longhaul/broker';
import type { Failure, TaskAddress } from '@longhaul/proto/wire';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Answer } from '../attempt/settle.ts';

/** Where attempts are counted. */
export type AttemptMetrics = {
  /** An attempt begins. */
  begun(name: string): void;
  /** An attempt takes its task over from an executor that was lost. */
  tookOver(name: string): void;
  ended(name: string, outcome: AttemptOutcome, seconds: number): void;
};

type Observing = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly executor: string;
  /** Where nobody reads metrics, nothing is counted. */
  readonly metrics: AttemptMetrics | undefined;
};

/** An attempt that is about to begin. */
export type ObservedAttempt = {
  readonly task: TaskAddress;
  readonly attempt: number;
  /** What the request's header says of the trace that it belongs to. */
  readonly traceparent: string | undefined;
  /** The sequence of the chain's last event before it. */
  readonly after: number;
  /** The executor that it takes the task over from. */
  readonly lost: string | undefined;
};

/**
 * Runs one attempt under observation: counted and timed for metrics, in a span of its own for traces, and with a line
 * at its beginning and its end in the log at `debug`. The span is active for everything that the attempt does: its
 * events carry it, and its handler's own spans are its children.
 *
 * @param run calls its argument with how the attempt ended
 */
export async function observeAttempt<T>(
  { broker, logger, executor, metrics }: Observing,
  observed: ObservedAttempt,
  run: (ended: (outcome: AttemptOutcome) => void) => Promise<T>,
): Promise<T> {
  const { task, attempt, lost } = observed;
  const { name } = task;
  const parent = contextOfHeaders({ traceparent: observed.traceparent });
  const attributes = {
    'longhaul.task.id': task.id,
    'longhaul.task.name': name,
    'longhaul.task.attempt': attempt,
    'longhaul.executor.id': executor,
    'messaging.system': 'nats',
  };
  const span = beginSpan(`${name} attempt`, { kind: SpanKind.CONSUMER, attributes }, parent);
  const linked = attempt > 1 && span.isRecording() ? linkToPrevious(broker, observed.after, span) : undefined;
  const log = { taskId: task.id, task: name, attempt };
  logger.debug({ ...log, ...(lost === undefined ? {} : { takenOverFrom: lost }) }, 'an attempt begins');
  metrics?.begun(name);
  if (lost !== undefined) metrics?.tookOver(name);
  const beganAtMs = performance.now();
  const ended = (outcome: AttemptOutcome) => {
    const durationMs = Math.round(performance.now() - beganAtMs);
    logger.debug({ ...log, outcome, durationMs }, 'an attempt has ended');
    metrics?.ended(name, outcome, durationMs / 1_000);
    span.setAttribute('longhaul.attempt.outcome', outcome);
    if (outcome === 'failed' || outcome === 'retrying') span.setStatus({ code: SpanStatusCode.ERROR });
  };
  try {
    return await context.with(trace.setSpan(parent, span), run, undefined, ended);
  } finally {
    // The attempt does not wait for the link; its span does, since it takes none after its end.
    if (linked) void linked.then(() => span.end());
    else span.end();
  }
}

/** The event before this attempt was written by the attempt before it, and carries that one's span. */
async function linkToPrevious({ jsm, topology }: Broker, after: number, span: Span): Promise<void> {
  try {
    const message = await jsm.direct.getMessage(topology.eventStream, { seq: after });
    const previous = trace.getSpanContext(
      contextOfHeaders({ traceparent: message?.header.get('traceparent') || undefined }),
    );
    if (previous) span.addLink({ context: previous });
  } catch {
    // A trace without a link is still a trace; whether NATS answers is the attempt's own business.
  }
}

/** How an attempt ended, as metrics, traces and logs call it. */
export const attemptOutcomes = [
  'completed',
  'failed',
  'canceled',
  'retrying',
  'released',
  'superseded',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** What became of an attempt, by what was answered for it. */
export function outcomeOf(answer: Answer): AttemptOutcome {
  switch (answer.do) {
    case 'acknowledge':
      return answer.end;
    case 'handBack':
      return answer.why === 'retry' ? 'retrying' : 'released';
    case 'nothing':
      return 'superseded';
  }
}

/** Which attempt of which task. */
export type LoggedAttempt = { readonly taskId: string; readonly task: string; readonly attempt: number };

/**
 * Says at `warn` why an attempt failed, with stack and causes: callers may not see those. As it is written on the wire,
 * so that no code of what the handler threw runs in the logger. Data of declared errors is the caller's, and no log's.
 */
export function logFailure(logger: Logger, attempt: LoggedAttempt, failure: Failure): void {
  const { data: _data, ...err } = failure;
  logger.warn({ ...attempt, err }, 'an attempt failed');
}
