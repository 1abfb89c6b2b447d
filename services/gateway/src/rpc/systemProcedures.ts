import { systemWatchRequestSchema, throughputRequestSchema } from '@longhaul/proto';
import type { SystemService } from '../overview/systemService.ts';
import { trackedStream } from './streams.ts';
import { procedure, t } from './trpc.ts';

/** The procedures of the overview: see `SystemProcedures`. */
export function systemProcedures(service: SystemService) {
  return t.router({
    executors: procedure.query(({ ctx }) => service.executors(ctx.caller)),
    queues: procedure.query(({ ctx }) => service.queues(ctx.caller)),
    throughput: procedure
      .input(throughputRequestSchema.optional())
      .query(({ ctx, input }) => service.throughput(ctx.caller, input ?? throughputRequestSchema.parse({}))),
    watch: procedure.input(systemWatchRequestSchema.optional()).subscription(({ ctx, input, signal }) =>
      trackedStream(
        ctx,
        signal,
        until => service.watch(ctx.caller, input ?? systemWatchRequestSchema.parse({}), until),
        ({ event }) => event,
        false,
      ),
    ),
  });
}
