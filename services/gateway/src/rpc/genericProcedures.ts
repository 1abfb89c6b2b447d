import {
  type AnyTaskEvent,
  type Contract,
  cancelCallSchema,
  cancelManyRequestSchema,
  idRequestSchema,
  listRequestSchema,
  listTasks,
  nameRequestSchema,
  retryCallSchema,
  type TaskRecord,
  watchListRequestSchema,
  watchManyRequestSchema,
} from '@longhaul/proto';
import { anyRecord, shownEvent } from '../read/typedViews.ts';
import type { TaskService } from '../service.ts';
import { taskTypes } from '../taskTypes.ts';
import type { WatchedMany } from '../watch/watchMany.ts';
import { trackedStream } from './streams.ts';
import { procedure, t } from './trpc.ts';

/** The procedures that serve every task: see `GenericProcedures`. */
export function genericProcedures(contract: Contract, service: TaskService) {
  const types = taskTypes(contract);
  const definitions = listTasks(contract);
  const asRecorded = (record: TaskRecord) => anyRecord(definitions.get(record.name), record);
  return t.router({
    get: procedure
      .input(idRequestSchema)
      .query(async ({ ctx, input }) => asRecorded(await service.get(ctx.caller, input.id))),
    list: procedure.input(listRequestSchema).query(({ ctx, input }) => service.list(ctx.caller, input)),
    cancel: procedure
      .input(cancelCallSchema)
      .mutation(({ ctx, input }) => service.cancel(ctx.caller, input.id, input.reason)),
    pauseTask: procedure
      .input(idRequestSchema)
      .mutation(({ ctx, input }) => service.control(ctx.caller, input.id, 'pause')),
    resumeTask: procedure
      .input(idRequestSchema)
      .mutation(({ ctx, input }) => service.control(ctx.caller, input.id, 'resume')),
    cancelMany: procedure
      .input(cancelManyRequestSchema)
      .mutation(({ ctx, input, signal }) => service.cancelMany(ctx.caller, input, signal ?? ctx.stop)),
    retry: procedure
      .input(retryCallSchema)
      .mutation(async ({ ctx, input: { id, idempotencyKey } }) =>
        asRecorded(await service.retry(ctx.caller, id, idempotencyKey)),
      ),
    watch: procedure
      .input(watchManyRequestSchema)
      .subscription(({ ctx, input, signal }) =>
        trackedStream(
          ctx,
          signal,
          until => service.watchMany(ctx.caller, input.ids && new Set(input.ids), input.lastEventId, until),
          toAnyEvent,
        ),
      ),
    watchList: procedure.input(watchListRequestSchema).subscription(({ ctx, signal }) =>
      trackedStream(
        ctx,
        signal,
        until => service.watchList(ctx.caller, until),
        ({ change }) => change,
      ),
    ),
    types: procedure.query(async () => {
      const paused = await service.pausedNames(types.map(({ name }) => name));
      return types.map(type => ({ ...type, paused: paused.has(type.name) }));
    }),
    pause: procedure
      .input(nameRequestSchema)
      .mutation(({ ctx, input }) => service.setPaused(ctx.caller, input.name, true)),
    resume: procedure
      .input(nameRequestSchema)
      .mutation(({ ctx, input }) => service.setPaused(ctx.caller, input.name, false)),
  });
}

function toAnyEvent(item: WatchedMany): AnyTaskEvent {
  if (item.kind === 'open') return { type: 'open', ...(item.missed ? { missed: true } : {}) };
  const { id, name, event } = item.stored;
  return { type: 'event', id, name, event: shownEvent(event) };
}
