import type { Broker, NeededConsumer } from '@longhaul/broker';
import type { Logger } from 'pino';
import { FiringConsumer } from './firingConsumer.ts';
import { type FiringDeps, handleFiring } from './handleFiring.ts';
import { createScheduleService, type ScheduleService } from './scheduleService.ts';
import { ScheduleStore } from './scheduleStore.ts';
import { ScheduleUpkeep } from './upkeep.ts';

/** The recurring schedules of a gateway. */
export type Schedules = {
  readonly service: ScheduleService;
  /** The consumer of firings. */
  readonly consumer: NeededConsumer;
  /** Starts to handle firings. */
  readonly start: () => Promise<void>;
  /** Starts again after the request stream or the consumer of firings was created again. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** The operations on tasks that schedules need; `start` and `cancel` as for a client. */
export type ScheduledTasks = Pick<FiringDeps, 'find' | 'definitions' | 'start' | 'cancel'>;

/**
 * Creates the recurring schedules of a gateway. The parts, in the order in which a schedule passes them: `scheduleService`
 * writes the record (`scheduleStore`) with the next time (`scheduleTimes`); `arming` publishes a message schedule for that
 * time; the server fires it; `firingConsumer` receives the firing; `handleFiring` decides it, arms the next time and starts
 * a task (`startFirings`). `upkeep` arms schedules that a crash left unarmed. `taskEnds`, fed by the index of tasks,
 * completes the history.
 */
export function createSchedules(broker: Broker, logger: Logger, tasks: ScheduledTasks): Schedules {
  const store = new ScheduleStore(broker);
  const deps: FiringDeps = { broker, logger, store, ...tasks };
  const firings = new FiringConsumer(broker, logger, (fire, mayRelease) =>
    handleFiring(deps, fire, mayRelease),
  );
  const upkeep = new ScheduleUpkeep(broker, store, logger);
  return {
    service: createScheduleService(deps),
    consumer: { stream: broker.topology.requestStream, plan: broker.topology.consumers.schedules },
    start: async () => {
      await firings.start();
      upkeep.start();
    },
    restart: async () => {
      await firings.start();
      upkeep.checkNow();
    },
    stop: async () => {
      await upkeep.stop();
      await firings.stop();
    },
  };
}
