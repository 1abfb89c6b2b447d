import type { Broker, NeededConsumer } from '@longhaul/broker';
import type { Logger } from 'pino';
import { FiringConsumer } from './firingConsumer.ts';
import { type FiringDeps, handleFiring } from './handleFiring.ts';
import { createScheduleService, type ScheduleService } from './scheduleService.ts';
import { ScheduleStore } from './scheduleStore.ts';
import { ScheduleUpkeep } from './upkeep.ts';

/** The part of a gateway that keeps recurring schedules. */
export type Schedules = {
  readonly service: ScheduleService;
  /** The consumer of firings. */
  readonly consumer: NeededConsumer;
  /** Takes firings from now on. */
  readonly start: () => Promise<void>;
  /** Takes and arms anew: the request stream or the consumer of firings was made anew. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** What schedules need of the gateway's tasks; `start` and `cancel` as a client calls them. */
export type ScheduledTasks = Pick<FiringDeps, 'find' | 'definitions' | 'start' | 'cancel'>;

/**
 * Recurring schedules, in the order in which one meets its parts: `scheduleService` writes the record
 * (`scheduleStore`) with the next time (`scheduleTimes`), `arming` puts a message schedule for that time into the stream,
 * the server fires it, `firingConsumer` takes what was fired, and `handleFiring` decides it, arms the next and makes a
 * task of it (`startFirings`). `upkeep` arms what a crash left unarmed, and `taskEnds` (fed by the index of tasks)
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
      upkeep.lookNow();
    },
    stop: async () => {
      await upkeep.stop();
      await firings.stop();
    },
  };
}
