import { type Broker, beginSpan, contextOfHeaders } from '@longhaul/broker';
import type { Failure, TaskAddress } from '@longhaul/proto/wire';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Answer } from '../queue/requestMessage.ts';

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
  /** `undefined` where the executor serves no metrics. */
  readonly metrics: AttemptMetrics | undefined;
};

/** An attempt that is about to begin. */
export type ObservedAttempt = {
  readonly task: TaskAddress;
  readonly attempt: number;
  /** The trace that the request belongs to, from its header. */
  readonly traceparent: string | undefined;
  /** The sequence of the last event before it in the event log. */
  readonly after: number;
  /** The lost executor that it takes the task over from. */
  readonly lost: string | undefined;
};

/**
 * Observes one attempt: counts and times it for metrics, runs it in a span of its own, and logs its beginning and its end
 * at `debug`. The span is active for everything that the attempt does: its events carry it, and the handler's own spans
 * are its children.
 *
 * @param run executes the attempt and calls its argument with the outcome
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
    // The attempt does not wait for the link, but the span does: a span takes no links after its end.
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
    // A trace without a link is still useful, and the attempt itself handles an unavailable NATS.
  }
}

/** How an attempt ended, in metrics, traces and logs. */
export const attemptOutcomes = [
  'completed',
  'failed',
  'canceled',
  'retrying',
  'released',
  'superseded',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** The outcome of an attempt, from the answer to its request. */
export function outcomeOf(answer: Answer): AttemptOutcome {
  switch (answer.do) {
    case 'acknowledge':
      return answer.end;
    case 'release':
      return answer.why === 'retry' ? 'retrying' : 'released';
    case 'nothing':
      return 'superseded';
  }
}

/** Which attempt of which task. */
export type LoggedAttempt = { readonly taskId: string; readonly task: string; readonly attempt: number };

/**
 * Logs at `warn` why an attempt failed, with stack and causes, which callers may not see. It logs the failure as it is on
 * the wire, so that no code of a thrown value runs in the logger. The data of declared errors is not logged: it is the
 * caller's.
 */
export function logFailure(logger: Logger, attempt: LoggedAttempt, failure: Failure): void {
  const { data: _data, ...err } = failure;
  logger.warn({ ...attempt, err }, 'an attempt failed');
}
