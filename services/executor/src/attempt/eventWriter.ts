import {
  appendEvent,
  appendLifecycle,
  BadMessageError,
  type Broker,
  countOf,
  isUnavailable,
  isWrongLastSequence,
  type LogEnd,
  readLogEnd,
  untilAnswered,
  waitToRetry,
} from '@longhaul/broker';
import {
  decideRefusal,
  failureLimits,
  isTerminal,
  type LifecycleEvent,
  lifecycleLimit,
  nextState,
  type Refusal,
  stateOfRequest,
  type TaskAddress,
  type TaskEvent,
  type TaskRequest,
  type TaskState,
} from '@longhaul/proto/wire';
import { cleanText } from '../failure/safeRead.ts';

/** How an append ended: in the log; out of date; refused for good; or refused because a cancel came first. */
export type AppendResult = 'accepted' | 'dropped' | 'superseded' | 'stop';

const endings: ReadonlySet<TaskEvent['type']> = new Set(['completed', 'failed', 'canceled']);

/** How many progress and log events may wait for their turn. Further ones are dropped, and the drop is logged. */
export const maxWaiting = 256;

type WriterOptions = {
  readonly broker: Broker;
  readonly task: TaskAddress;
  readonly request: TaskRequest;
  readonly attempt: number;
  readonly executor: string;
  /** The end of the task's log when the task was claimed. */
  readonly end: LogEnd;
  /** Called when an event is refused, since the attempt is superseded or a cancel is in the log. */
  readonly onRefused: (why: 'superseded' | 'stop') => void;
  /** Called with the task's state whenever it was read. */
  readonly onRead?: (state: TaskState) => void;
  /** Called for an event that was not written, since it does not fit the protocol. */
  readonly onUnfit?: (event: TaskEvent['type'], error: BadMessageError) => void;
  /** Aborted when the executor's time to stop is over: ends the tries while NATS does not answer. */
  readonly shutdownDeadline: AbortSignal;
};

/** What the writer adds to an event: version, owner, time, and what follows from the log. */
type Added = 'v' | 'owner' | 'at' | 'task' | 'state' | 'ordinal';
/** An event without what the writer adds. */
export type NewEvent<E extends TaskEvent> = E extends TaskEvent ? Omit<E, Added> : never;
type NewLifecycle = NewEvent<LifecycleEvent>;
type NewOutput = NewEvent<Exclude<TaskEvent, LifecycleEvent>>;

/**
 * Writes one attempt's events to its task's log, one at a time, each after the one before it.
 *
 * Progress and log events expect their predecessor like all others, though nothing waits for them: their sequence
 * becomes what the attempt's end expects. If they were appended unconditionally, a slow executor's progress would land
 * behind the `started` of the executor that took its task over, and the slow executor's end, which expects that
 * progress, would be accepted: invariant 2, ends-once, would rest on luck. So a superseded attempt is refused with the
 * next event that it writes.
 */
export class EventWriter {
  readonly #options: WriterOptions;
  #end: LogEnd;
  /** How many progress and log events the task has had, as far as that is known. */
  readonly #counts: Partial<Record<'progress' | 'log', number>>;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Whether an event of this attempt was given to the connection, acknowledged or not. */
  #hasPublished = false;
  /** Whether the log has an event of this attempt. */
  #hasBegun = false;
  /** For good: even with the current end of the log, the late end of a superseded attempt must not be accepted. */
  #superseded = false;
  /** Nothing follows the end: a cancel may come while the end is being written, and would write `stopping` behind it. */
  #ended = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#end = options.end;
    // An empty log needs no reading: only an attempt that has begun writes progress and log lines.
    this.#counts = options.end.lastSeq === 0 ? { progress: 0, log: 0 } : {};
  }

  /** Whether one more progress or log event may be published now. */
  get hasRoom(): boolean {
    return this.#waiting < maxWaiting;
  }

  /** Whether the log has room for lifecycle events that do not end the task or its attempt: see `lifecycleLimit`. */
  get hasLifecycleRoom(): boolean {
    return this.#end.state.events < lifecycleLimit;
  }

  /** Appends a progress or log event in its turn. While NATS does not answer it is dropped: the next one is newer. */
  publish(event: NewOutput): void {
    this.#waiting += 1;
    this.#turn = this.#turn
      .then(() => this.#appendNow(event, 'once'))
      .catch(() => {})
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /**
   * Appends a lifecycle event, after everything that was written before.
   *
   * Tries again while NATS does not answer. A try whose acknowledgement was lost is recognised in the log.
   * @throws the reason of `shutdownDeadline`
   */
  append(event: NewLifecycle): Promise<AppendResult> {
    const result = this.#turn.then(() => this.#appendNow(event, 'until answered'));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #appendNow(given: NewEvent<TaskEvent>, tries: 'once' | 'until answered'): Promise<AppendResult> {
    const { shutdownDeadline, attempt, executor, onUnfit } = this.#options;
    let event = given;
    let failures = 0;
    while (!this.#superseded && !this.#ended) {
      shutdownDeadline.throwIfAborted();
      let isKnown = false;
      try {
        this.#hasPublished = true;
        if ((await this.#appendToEnd(event)) === 'appended') {
          this.#hasBegun = true;
          this.#ended = endings.has(event.type);
          return 'accepted';
        }
        isKnown = true;
      } catch (error) {
        if (error instanceof BadMessageError) {
          onUnfit?.(event.type, error);
          const instead = event === given ? failureInstead(event, error) : undefined;
          // A progress or log event needs no replacement: the next one is newer.
          if (!instead) throw error;
          event = instead;
          continue;
        }
        if (isUnavailable(error) && tries === 'until answered') {
          failures += 1;
          await waitToRetry(failures, shutdownDeadline);
          continue;
        }
        if (!isWrongLastSequence(error)) throw error;
      }
      if (!isKnown) await this.#readWhenAnswered();
      const refusal =
        (await this.#whereForgotten(event)) ??
        decideRefusal(this.#end.state, { type: event.type, attempt, executor });
      this.#follow(refusal);
      this.#ended = refusal.do === 'accepted' && endings.has(event.type);
      if (refusal.do === 'accepted' || refusal.do === 'superseded') return refusal.do;
      // What cannot follow here cannot be appended by trying again.
      if (refusal.do === 'drop' || (refusal.do === 'append' && isKnown)) return 'dropped';
      // Progress is still written while the handler obeys a cancel; a lifecycle event gives way to the cancel.
      if (refusal.do === 'stop' && tries === 'until answered') return 'stop';
    }
    return 'superseded';
  }

  /**
   * Publishes an attempt's `started` while the process exits, where nothing was published of the attempt yet: else the
   * start would not be counted. It goes out in this very turn, without waiting for an acknowledgement. If the log has
   * newer events, the server refuses it.
   * @returns whether there was something to write
   */
  writeAtExit(event: Extract<NewLifecycle, { type: 'started' }>): boolean {
    if (this.#hasPublished || this.#superseded || this.#ended) return false;
    this.#appendLifecycle(event).catch(() => {});
    return true;
  }

  /** Appends to the known end of the log. `impossible`: the event cannot follow that state. */
  #appendToEnd(event: NewEvent<TaskEvent>): Promise<'appended' | 'impossible'> {
    return event.type === 'progress' || event.type === 'log'
      ? this.#appendOutput(event)
      : this.#appendLifecycle(event);
  }

  async #appendLifecycle(event: NewLifecycle): Promise<'appended' | 'impossible'> {
    const { broker, task, request } = this.#options;
    const change = { ...event, at: broker.clock.now() };
    if (!nextState(this.#end.state, change)) return 'impossible';
    this.#end = await appendLifecycle(broker, task, request, this.#end, change);
    return 'appended';
  }

  async #appendOutput(event: NewOutput): Promise<'appended'> {
    const { broker, task, request } = this.#options;
    const { type } = event;
    // The events of earlier attempts are counted after this attempt's `started` is in the log. From then on theirs are
    // refused, so no other writer can use the ordinal that is given here.
    const ordinal = (this.#counts[type] ?? (await countOf(broker, task, type))) + 1;
    const complete = { v: 2 as const, ...event, ordinal, owner: request.owner, at: broker.clock.now() };
    const first = this.#end.state.events === 0 ? { task: request } : {};
    const { seq } = await appendEvent(broker, task, { ...complete, ...first }, this.#end.lastSeq);
    this.#counts[type] = ordinal;
    this.#end = { ...this.#end, lastSeq: seq };
    return 'appended';
  }

  /** Reads the log in its turn. Where the task continued without this attempt, it reports that as a refusal does. */
  check(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#checkNow()).catch(() => {});
    return this.#turn.then(() => {});
  }

  async #checkNow(): Promise<void> {
    const { attempt, executor } = this.#options;
    if (this.#superseded || this.#ended) return;
    await this.#readWhenAnswered();
    // Decides as for a refused progress event, which ends nothing and takes nothing over.
    this.#follow(
      (await this.#whereForgotten()) ??
        decideRefusal(this.#end.state, { type: 'progress', attempt, executor }),
    );
  }

  /**
   * Where the log knows nothing of this attempt, which has been in it, it was deleted with its stream. So its `started`
   * is written again: without it nobody could tell that the task is held, and an executor that is given the request as
   * well would run it a second time. Where one has done so already, the numbers of attempts have begun again, and that
   * one's counts.
   */
  async #whereForgotten(next?: NewEvent<TaskEvent>): Promise<Refusal | undefined> {
    const { attempt, executor } = this.#options;
    const { state } = this.#end;
    if (!this.#hasBegun || state.attempt >= attempt) return undefined;
    if (state.attempt > 0) return { do: 'superseded' };
    if (next?.type === 'started' || isTerminal(state.status) || state.status === 'STOPPING') return undefined;
    try {
      await this.#appendLifecycle({ type: 'started', attempt, executor });
    } catch (error) {
      // What came first says how things stand: what is written next is refused, and reads it.
      if (!isWrongLastSequence(error) && !isUnavailable(error)) throw error;
    }
    return undefined;
  }

  #follow(refusal: Refusal): void {
    this.#superseded = refusal.do === 'superseded';
    if (refusal.do === 'superseded' || refusal.do === 'stop') this.#options.onRefused(refusal.do);
  }

  /** Resolves when every event that was given to the writer so far is in the log, or dropped. */
  async flushed(): Promise<void> {
    await this.#turn;
  }

  async #readWhenAnswered(): Promise<void> {
    const { broker, task, request, shutdownDeadline, onRead } = this.#options;
    this.#end = await untilAnswered(
      () => readLogEnd(broker, task, stateOfRequest(request)),
      shutdownDeadline,
    );
    // An append whose acknowledgement was lost may have counted one more.
    delete this.#counts.progress;
    delete this.#counts.log;
    onRead?.(this.#end.state);
  }
}

/** Replaces an attempt's end that does not fit the protocol by a failure: a task without an end would be stuck. */
function failureInstead(event: NewEvent<TaskEvent>, why: BadMessageError): NewEvent<TaskEvent> | undefined {
  const error = { code: 'HANDLER_ERROR', message: cleanText(why.message, failureLimits.messageChars) };
  switch (event.type) {
    case 'retrying':
    case 'failed':
      return { ...event, error };
    case 'completed': {
      const { output: _output, outputRef: _ref, ...rest } = event;
      return { ...rest, type: 'failed', error };
    }
    default:
      return undefined;
  }
}
