import {
  createScheduleSchema,
  listSchedulesSchema,
  scheduleCallSchema,
  updateScheduleSchema,
} from '@longhaul/proto';
import type { ScheduleService } from '../schedules/scheduleService.ts';
import { procedure, t } from './trpc.ts';

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
