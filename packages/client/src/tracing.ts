import { context, propagation, trace } from '@opentelemetry/api';
import type { Operation, TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';

/** Where a call's trace is kept between the links of one client. */
const key = 'longhaulTrace';

/**
 * Notes the trace that is active where a call is made (W3C Trace Context), since a link further on may run elsewhere: in
 * a batch, or at a reconnect. Does nothing without an OpenTelemetry SDK in the process.
 */
export function traceLink<R extends AnyTRPCRouter>(): TRPCLink<R> {
  return () =>
    ({ op, next }) => {
      const active = context.active();
      if (!trace.getSpanContext(active)) return next(op);
      const fields: Record<string, string> = {};
      propagation.inject(active, fields);
      return next({ ...op, context: { ...op.context, [key]: fields } });
    };
}

/** The headers of the trace that a call was made in; none, where it was made in none. */
export function traceOf(op: Operation): Record<string, string> {
  return (op.context[key] as Record<string, string> | undefined) ?? {};
}

export function isTraced(op: Operation): boolean {
  return key in op.context;
}
