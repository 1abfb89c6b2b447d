import { type Broker, beginSpan, contextOfHeaders } from '@longhaul/broker';
import type { TaskAddress } from '@longhaul/proto';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { AttemptOutcome } from './attemptOutcome.ts';
import type { AttemptMetrics } from './executorMetrics.ts';

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
