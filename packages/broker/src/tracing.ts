import { headers, type MsgHdrs } from '@nats-io/nats-core';
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';

/** Traces are OpenTelemetry's. Without an SDK that is registered in the process, all of this does nothing. */
const tracer = trace.getTracer('longhaul');

const wellFormed = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const setter: TextMapSetter<MsgHdrs> = { set: (carrier, key, value) => carrier.set(key, value) };
type HeaderFields = Readonly<Record<string, string | string[] | undefined>>;
const getter: TextMapGetter<HeaderFields> = {
  keys: Object.keys,
  get: (carrier, key) => carrier[key],
};

/**
 * The headers that carry the active trace in a message (W3C Trace Context: `traceparent`, `tracestate`).
 *
 * @param received what the caller sent: handed on as it is where this process records no trace, so that a trace does not
 *   break at a process without an SDK
 * @returns `undefined` when there is no trace
 */
export function traceHeaders(received?: string): MsgHdrs | undefined {
  if (trace.getSpanContext(context.active())) {
    const carrier = headers();
    propagation.inject(context.active(), carrier, setter);
    if (carrier.has('traceparent')) return carrier;
  }
  if (received === undefined || !wellFormed.test(received)) return undefined;
  const carrier = headers();
  carrier.set('traceparent', received);
  return carrier;
}

/** The context that a call's or a message's headers name as the parent. */
export function contextOfHeaders(fields: HeaderFields): Context {
  return propagation.extract(ROOT_CONTEXT, fields, getter);
}

/**
 * Runs something in a span, which is the active one meanwhile; what it throws marks the span as failed.
 *
 * @param parent default: the active context
 */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  run: (span: Span) => Promise<T>,
  parent: Context = context.active(),
): Promise<T> {
  const span = tracer.startSpan(name, options, parent);
  try {
    return await context.with(trace.setSpan(parent, span), run, undefined, span);
  } catch (error) {
    // The message alone may hold anything; a stack is for logs.
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'Error' });
    throw error;
  } finally {
    span.end();
  }
}

/** Begins a span that its caller ends. */
export function beginSpan(name: string, options: SpanOptions, parent: Context): Span {
  return tracer.startSpan(name, options, parent);
}
