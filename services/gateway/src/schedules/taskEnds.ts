import { type FiringEnd, isTerminal, type TaskRecord, withEnd } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { isOutage } from '../errors.ts';
import type { ScheduleStore } from './scheduleStore.ts';

/** The gateway that wrote a task's record waits this long before it writes the end into the schedule, to collect several ends. */
const oursMs = 50;
/** Other gateways wait this long, and write only what is missing then, in case the first one has died. */
const othersMs = 3_000;
/** The delay before a failed write is tried again. */
const retryDelayMs = 1_000;

/** The ends of one schedule's tasks that are to be written into its record. */
type Waiting = { readonly owner: string; readonly id: string; readonly ends: Map<string, FiringEnd> };

/**
 * Writes the ends of tasks into the records of their schedules, since a schedule's history is kept for longer than its
 * tasks.
 *
 * Every gateway does this from the records in its index: from all of them when it starts, and from each that changes. So
 * the end of a task is recorded if any gateway runs before the record of the task expires.
 */
export class TaskEnds {
  readonly #store: ScheduleStore;
  readonly #logger: Logger;
  readonly #waiting = { ours: new Map<string, Waiting>(), others: new Map<string, Waiting>() };
  readonly #timers = new Map<ReadonlyMap<string, Waiting>, NodeJS.Timeout>();
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(store: ScheduleStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /**
   * Processes the current record of a task.
   * @param isOurs whether this gateway has written it
   */
  update({ id: taskId, owner, scheduleId: id, status, finishedAt }: TaskRecord, isOurs: boolean): void {
    if (this.#stopped || id === undefined || finishedAt === undefined || !isTerminal(status)) return;
    this.#add(isOurs, owner, id, new Map([[taskId, { status, at: finishedAt }]]));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.#writing;
  }

  #add(
    isOurs: boolean,
    owner: string,
    id: string,
    ends: ReadonlyMap<string, FiringEnd>,
    inMs?: number,
  ): void {
    const waiting = isOurs ? this.#waiting.ours : this.#waiting.others;
    const key = JSON.stringify([owner, id]);
    const one = waiting.get(key) ?? { owner, id, ends: new Map<string, FiringEnd>() };
    for (const [taskId, end] of ends) one.ends.set(taskId, end);
    waiting.set(key, one);
    if (this.#stopped || this.#timers.has(waiting)) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(waiting);
        this.#writing = this.#writing.then(() => this.#write(isOurs));
      },
      inMs ?? (isOurs ? oursMs : othersMs),
    );
    timer.unref();
    this.#timers.set(waiting, timer);
  }

  async #write(isOurs: boolean): Promise<void> {
    const waiting = isOurs ? this.#waiting.ours : this.#waiting.others;
    const taken = [...waiting.values()];
    waiting.clear();
    for (const { owner, id, ends } of taken) {
      if (this.#stopped) return;
      try {
        // Changes nothing if another gateway has written the end, or the history no longer has the firing.
        await this.#store.update(owner, id, schedule =>
          [...ends].reduce((now, [taskId, end]) => withEnd(now, taskId, end), schedule),
        );
      } catch (err) {
        if (isOutage(err)) this.#add(isOurs, owner, id, ends, retryDelayMs);
        else
          this.#logger.warn({ err, scheduleId: id }, "the ends of a schedule's tasks could not be recorded");
      }
    }
  }
}
