import type { Broker } from '@longhaul/broker';
import type { Logger } from 'pino';
import { isOutage } from '../errors.ts';
import { settleSchedule } from './arming.ts';
import type { ScheduleStore } from './scheduleStore.ts';

/** How often a gateway checks. That takes two requests, if nothing is missing. */
const everyMs = 60_000;
/** The delay before a check that met an outage is repeated. */
const retryDelayMs = 1_000;

/**
 * Arms schedules whose message is missing: a gateway died between the writes of a `create`, `update` or `resume`, the
 * stream was created again, or no gateway ran for so long that the firing expired. A time in the past fires at once. A
 * schedule that is armed by mistake needs no check: its firing is found to be obsolete.
 */
export class ScheduleUpkeep {
  readonly #broker: Broker;
  readonly #store: ScheduleStore;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #checking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(broker: Broker, store: ScheduleStore, logger: Logger) {
    this.#broker = broker;
    this.#store = store;
    this.#logger = logger;
  }

  start(): void {
    this.#checking = this.#check();
    this.#timer = setInterval(() => {
      this.#checking = this.#checking.then(() => this.#check());
    }, everyMs);
    this.#timer.unref();
  }

  /** Checks now, after the stream was created again without armed schedules. */
  checkNow(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#checking = this.#checking.then(() => this.#check());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    await this.#checking;
  }

  async #check(): Promise<void> {
    try {
      for (const subject of await this.#missing()) {
        if (this.#stopped) return;
        await this.#settle(subject);
      }
    } catch (err) {
      if (!isOutage(err)) this.#logger.error({ err }, 'the schedules could not be checked');
      // A schedule without its message does not fire: after an outage that must not last until the next regular check.
      else if (!this.#stopped) this.#again ??= setTimeout(() => this.checkNow(), retryDelayMs).unref();
    }
  }

  /** The subjects in the bucket that have no message schedule in the stream. */
  async #missing(): Promise<string[]> {
    const { jsm, topology } = this.#broker;
    const { requestStream, subjects } = topology;
    const stored = await this.#store.subjects();
    if (stored.length === 0) return [];
    const { state } = await jsm.streams.info(requestStream, { subjects_filter: subjects.allRecurring });
    const keyBehind = (subject: string, filter: string) => subject.slice(filter.length - 1);
    const armed = new Set(
      Object.keys(state.subjects ?? {}).map(subject => keyBehind(subject, subjects.allRecurring)),
    );
    const filter = topology.scheduleSubjects();
    return stored.filter(subject => !armed.has(keyBehind(subject, filter)));
  }

  async #settle(subject: string): Promise<void> {
    try {
      const schedule = await this.#store.readSubject(subject);
      if (!schedule || schedule.paused) return;
      await settleSchedule(this.#broker, this.#store, schedule.owner, schedule.id);
      this.#logger.debug({ scheduleId: schedule.id }, 'a schedule without a message in the stream was armed');
    } catch (err) {
      if (isOutage(err)) throw err;
      // A schedule that cannot be armed must not prevent the others from being armed.
      this.#logger.error({ err, subject }, 'a schedule could not be armed');
    }
  }
}
