import type { TaskDefinition } from '@longhaul/proto';
import { checkProgress } from '../handler/checkProgress.ts';
import { droppedText, LogLimit, logLine } from '../handler/logLine.ts';
import type { LogLevel, TaskContext, TaskLog } from '../handler/taskContext.ts';
import type { EventWriter } from './eventWriter.ts';
import type { StartedGate } from './startedGate.ts';
import { Throttle } from './throttle.ts';

type LogLine = {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Record<string, unknown>;
};

/**
 * Publishes what a handler reports while it runs: progress (checked, throttled, the latest wins) and log lines
 * (limited). Both follow the attempt's `started`. Nothing is published once the attempt is over.
 */
export class HandlerOutput<T extends TaskDefinition> {
  readonly #definition: T;
  readonly #attempt: number;
  readonly #writer: EventWriter;
  readonly #gate: StartedGate;
  readonly #latest: Throttle<unknown>;
  readonly #logLimit = new LogLimit();
  /** What was reported before `started` is in the event log: the latest progress, and log lines. */
  #early: { progress: { readonly value: unknown } | undefined; lines: LogLine[] } | undefined = {
    progress: undefined,
    lines: [],
  };
  #closed = false;

  constructor(definition: T, attempt: number, writer: EventWriter, gate: StartedGate) {
    this.#definition = definition;
    this.#attempt = attempt;
    this.#writer = writer;
    this.#gate = gate;
    this.#latest = new Throttle(definition.policy.progressIntervalMs, value => this.#emitProgress(value));
  }

  readonly progress: TaskContext<T>['progress'] = progress => {
    const checked = checkProgress(this.#definition, progress);
    if (!this.#closed) this.#latest.set(checked);
  };

  readonly log: TaskLog = {
    debug: (message, fields) => this.#line('debug', message, fields),
    info: (message, fields) => this.#line('info', message, fields),
    warn: (message, fields) => this.#line('warn', message, fields),
    error: (message, fields) => this.#line('error', message, fields),
  };

  /** Publishes what still waits, and closes. To be called before the attempt's last event is written. */
  async flush(): Promise<void> {
    this.#latest.flush();
    const dropped = this.#logLimit.takeDropped();
    if (dropped > 0) this.#emitLine(droppedLine(dropped));
    this.#closed = true;
    if (this.#early && (this.#early.progress || this.#early.lines.length > 0)) await this.#openGate();
    await this.#writer.flushed();
  }

  #emitProgress(value: unknown): void {
    if (this.#early) {
      this.#early.progress = { value };
      void this.#openGate();
      return;
    }
    this.#writer.publish({ type: 'progress', attempt: this.#attempt, progress: value });
  }

  #line(level: LogLevel, first: unknown, second?: unknown): void {
    if (this.#closed) return;
    const hasRoom = this.#writer.hasRoom && (this.#early?.lines.length ?? 0) < 256;
    const admitted = this.#logLimit.admit(Date.now(), hasRoom);
    if (!admitted.ok) return;
    if (admitted.dropped > 0) this.#emitLine(droppedLine(admitted.dropped));
    this.#emitLine({ level, ...logLine(first, second) });
  }

  #emitLine(line: LogLine): void {
    if (this.#early) {
      this.#early.lines.push(line);
      void this.#openGate();
      return;
    }
    this.#writer.publish({ type: 'log', attempt: this.#attempt, ...line });
  }

  /** Publishes what was reported early, once `started` is in the event log. A refused `started` drops it. */
  async #openGate(): Promise<void> {
    const result = await this.#gate.open().catch(() => 'superseded' as const);
    const early = this.#early;
    this.#early = undefined;
    if (!early || result !== 'accepted') return;
    for (const line of early.lines) this.#emitLine(line);
    if (early.progress) this.#emitProgress(early.progress.value);
  }
}

function droppedLine(count: number): LogLine {
  return { level: 'warn', message: droppedText(count) };
}
