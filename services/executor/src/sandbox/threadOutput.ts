import type { TaskDefinition } from '@longhaul/proto';
import { checkProgress } from '../handler/checkProgress.ts';
import { droppedText, LogLimit, logLine } from '../handler/logLine.ts';
import type { LogLevel, TaskContext, TaskLog } from '../handler/taskContext.ts';
import { type FromThread, maxUnread, sharedCells } from './threadMessages.ts';

/** While the main thread has no room, a waiting progress is tried again after this time. */
const roomDelayMs = 20;

/**
 * Sends progress and log lines to the main thread: no more than it reads, and progress no more often than it is published.
 * It goes by the clock and not by timers, since no timer fires while the handler is a busy loop.
 */
export class ThreadOutput {
  readonly #definition: TaskDefinition;
  readonly #post: (message: FromThread) => void;
  readonly #shared: Int32Array;
  readonly #logLimit = new LogLimit();
  #waiting: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextProgressMs = 0;
  #closed = false;

  constructor(definition: TaskDefinition, post: (message: FromThread) => void, shared: Int32Array) {
    this.#definition = definition;
    this.#post = post;
    this.#shared = shared;
  }

  readonly progress: TaskContext['progress'] = progress => {
    const json = JSON.stringify(checkProgress(this.#definition, progress));
    if (!this.#closed) this.#offer(json);
  };

  readonly log: TaskLog = {
    debug: (message, fields) => this.#line('debug', message, fields),
    info: (message, fields) => this.#line('info', message, fields),
    warn: (message, fields) => this.#line('warn', message, fields),
    error: (message, fields) => this.#line('error', message, fields),
  };

  /** Sends what still waits, and closes. To be called before the handler's end is sent. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#waiting !== undefined) this.#send({ kind: 'progress', json: this.#waiting });
    const dropped = this.#logLimit.takeDropped();
    if (dropped > 0) this.#sendLine('warn', droppedText(dropped), undefined);
    this.#closed = true;
  }

  #offer(json: string): void {
    const waitMs = this.#nextProgressMs - performance.now();
    if (waitMs <= 0 && this.#hasRoom()) {
      this.#waiting = undefined;
      this.#nextProgressMs = performance.now() + this.#definition.policy.progressIntervalMs;
      this.#send({ kind: 'progress', json });
      return;
    }
    this.#waiting = json;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#waiting !== undefined && !this.#closed) this.#offer(this.#waiting);
      },
      Math.max(waitMs, roomDelayMs),
    );
  }

  #line(level: LogLevel, first: unknown, second?: unknown): void {
    if (this.#closed) return;
    const admitted = this.#logLimit.admit(Date.now(), this.#hasRoom());
    if (!admitted.ok) return;
    if (admitted.dropped > 0) this.#sendLine('warn', droppedText(admitted.dropped), undefined);
    const { message, fields } = logLine(first, second);
    this.#sendLine(level, message, fields);
  }

  #sendLine(level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void {
    this.#send({ kind: 'log', level, message, fields });
  }

  #send(message: FromThread): void {
    Atomics.add(this.#shared, sharedCells.unread, 1);
    this.#post(message);
  }

  #hasRoom(): boolean {
    return Atomics.load(this.#shared, sharedCells.unread) < maxUnread;
  }
}
