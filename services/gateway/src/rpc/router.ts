import type { Contract } from '@longhaul/proto';
import { type GatewayRouter, isTaskDefinition } from '@longhaul/proto/wire';
import type { TRPCRouterRecord } from '@trpc/server';
import type { ScheduleService } from '../schedules/scheduleService.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { SystemService } from '../telemetry/systemService.ts';
import { genericProcedures, scheduleProcedures, systemProcedures } from './genericProcedures.ts';
import { taskProcedures } from './taskProcedures.ts';
import { t } from './trpc.ts';

/** Creates the gateway's router: the procedures of each task in the contract's tree, and `tasks`, `schedules` and `system`. */
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
  // A loop over the tree cannot have the type of the tree, so it is cast. `router.types.test.ts` compares both sides.
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
