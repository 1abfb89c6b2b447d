import type { Contract } from '@longhaul/proto';
import { type GatewayRouter, isTaskDefinition } from '@longhaul/proto/wire';
import type { TRPCRouterRecord } from '@trpc/server';
import type { ScheduleService } from '../schedules/scheduleService.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { SystemService } from '../telemetry/systemService.ts';
import { genericProcedures, scheduleProcedures, systemProcedures } from './genericProcedures.ts';
import { taskProcedures } from './taskProcedures.ts';
import { t } from './trpc.ts';

/** The gateway's router: the contract's tree with a set of procedures at each task, with `tasks`, `schedules` and `system` beside it. */
export function createGatewayRouter<const C extends Contract>(
  contract: C,
  service: TaskService,
  schedules: ScheduleService,
  system: SystemService,
): GatewayRouter<C> {
  const router = t.router({
    ...taskTree(contract, [], service),
    tasks: genericProcedures(contract, service),
    schedules: scheduleProcedures(schedules),
    system: systemProcedures(system),
  });
  // The one cast: a loop over the tree cannot carry its type. `router.types.test.ts` holds both sides together.
  return router as unknown as GatewayRouter<C>;
}

function taskTree(branch: Contract, path: readonly string[], service: TaskService): TRPCRouterRecord {
  const record: TRPCRouterRecord = {};
  for (const [key, node] of Object.entries(branch)) {
    const here = [...path, key];
    record[key] = isTaskDefinition(node)
      ? taskProcedures(here.join('.'), node, service)
      : taskTree(node, here, service);
  }
  return record;
}
