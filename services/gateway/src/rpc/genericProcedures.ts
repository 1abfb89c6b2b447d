import type { Contract } from '@longhaul/proto';
import {
  type AnyTaskEvent,
  cancelCallSchema,
  cancelManyRequestSchema,
  createScheduleSchema,
  idRequestSchema,
  listRequestSchema,
  listSchedulesSchema,
  listTasks,
  nameRequestSchema,
  retryCallSchema,
  scheduleCallSchema,
  systemWatchRequestSchema,
  type TaskRecord,
  throughputRequestSchema,
  updateScheduleSchema,
  watchListRequestSchema,
  watchManyRequestSchema,
} from '@longhaul/proto/wire';
import type { ScheduleService } from '../schedules/scheduleService.ts';
import { taskTypes } from '../tasks/read/taskTypes.ts';
import { anyRecord, shownEvent } from '../tasks/read/typedViews.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { WatchedMany } from '../tasks/watch/watchMany.ts';
import type { SystemService } from '../telemetry/systemService.ts';
import { trackedStream } from './streams.ts';
import { procedure, t } from './trpc.ts';

/** The procedures for tasks of every type: see `GenericProcedures`. */
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
      const paused = await service.pausedTypes(types.map(({ name }) => name));
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

/** The procedures of recurring schedules: see `ScheduleProcedures`. */
export function scheduleProcedures(service: ScheduleService) {
  return t.router({
    create: procedure
      .input(createScheduleSchema)
      .mutation(({ ctx, input }) => service.create(ctx.caller, input)),
    list: procedure
      .input(listSchedulesSchema)
      .query(({ ctx, input }) => service.list(ctx.caller, input?.owner)),
    get: procedure.input(scheduleCallSchema).query(({ ctx, input }) => service.get(ctx.caller, input)),
    update: procedure
      .input(updateScheduleSchema)
      .mutation(({ ctx, input }) => service.update(ctx.caller, input)),
    run: procedure.input(scheduleCallSchema).mutation(({ ctx, input }) => service.run(ctx.caller, input)),
    pause: procedure.input(scheduleCallSchema).mutation(({ ctx, input }) => service.pause(ctx.caller, input)),
    resume: procedure
      .input(scheduleCallSchema)
      .mutation(({ ctx, input }) => service.resume(ctx.caller, input)),
    delete: procedure
      .input(scheduleCallSchema)
      .mutation(({ ctx, input }) => service.remove(ctx.caller, input)),
  });
}

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
