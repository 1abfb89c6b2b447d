import type { Broker } from '@longhaul/broker';
import type { Logger } from 'pino';
import { FiringConsumer } from './firingConsumer.ts';
import { type FiringDeps, handleFiring } from './handleFiring.ts';
import { createScheduleService, type ScheduleService } from './scheduleService.ts';
import { ScheduleStore } from './scheduleStore.ts';
import { ScheduleUpkeep } from './upkeep.ts';

/** The part of a gateway that keeps recurring schedules. */
export type Schedules = {
  readonly service: ScheduleService;
  /** Takes firings from now on. */
  readonly start: () => Promise<void>;
  /** Takes and arms anew: the request stream or the consumer of firings was made anew. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/**
 * Recurring schedules, in the order in which one meets its parts: `scheduleService` writes the record
 * (`scheduleStore`), `arming` brings the message schedule in the stream to what it says, the server fires,
 * `firingConsumer` takes what was fired, and `handleFiring` makes a task of it. `upkeep` arms what a crash left unarmed.
 */
export function createSchedules(
  broker: Broker,
  logger: Logger,
  tasks: Pick<FiringDeps, 'find' | 'definitions' | 'start' | 'cancel'>,
): Schedules {
  const store = new ScheduleStore(broker);
  const deps: FiringDeps = { broker, logger, store, ...tasks };
  const firings = new FiringConsumer(broker, logger, (fired, mayHandBack) =>
    handleFiring(deps, fired, mayHandBack),
  );
  const upkeep = new ScheduleUpkeep(broker, store, logger);
  return {
    service: createScheduleService({ broker, store, definitions: tasks.definitions }),
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
