import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { TaskDefinition } from '@longhaul/proto';
import type { Logger } from 'pino';
import { Piscina } from 'piscina';
import { moduleToLoad } from './loadHandler.ts';
import type { SandboxSpec } from './sandboxed.ts';
import type { HandlerAddress, RunJob, ThreadJob } from './threadMessages.ts';
import { hardLimitFactor } from './watchMemory.ts';

// Beside this file, and with its ending: it may have been compiled.
const entry = new URL(`./threadEntry${extname(import.meta.url)}`, import.meta.url).href;

/** How long closing waits for threads to end. One that does not ends with the process. */
const closeLimitMs = 1_000;

/** The threads of one sandboxed handler: started on demand, kept for the next task, ended when idle. */
export class SandboxPool {
  readonly definition: TaskDefinition;
  readonly address: HandlerAddress;
  readonly maxMemoryMb: number;
  readonly #threads: Piscina<ThreadJob, string | undefined>;

  /** Rejects each job that waits for a thread: called when none can be started. */
  readonly #waiting = new Set<(error: Error) => void>();

  /**
   * @param maxThreads as many as tasks can run at once, so that a task with a slot never waits for a thread
   * @param entryFile the URL of the file that a thread runs first
   */
  constructor(
    definition: TaskDefinition,
    spec: SandboxSpec,
    maxThreads: number,
    logger: Logger,
    entryFile: string = entry,
  ) {
    this.definition = definition;
    this.address = { module: moduleToLoad(spec.module).href, exportName: spec.exportName };
    this.maxMemoryMb = spec.maxMemoryMb;
    this.#threads = new Piscina({
      filename: entryFile,
      minThreads: 0,
      maxThreads,
      idleTimeout: spec.idleMs,
      // A thread that idles in `Atomics.wait` would block the timers and promises that the last handler left behind.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: hardLimitFactor * spec.maxMemoryMb },
      recordTiming: false,
    });
    // A thread may crash between two tasks, by something that a handler left behind. Unhandled, that ends the process.
    this.#threads.on('error', (err: unknown) => {
      logger.error({ err, module: spec.module.href }, 'a thread without a task crashed');
      this.#failWaiting(entryFile, err);
    });
  }

  /**
   * Loads the handler in a thread.
   * @returns the fingerprint of its definition
   * @throws Error when the module cannot be used
   */
  async load(): Promise<string> {
    return (await this.#withThread(() => this.#threads.run({ kind: 'check', address: this.address }))) ?? '';
  }

  /** Runs a job. Rejects when no thread can be started for it, where the pool alone would wait for ever. */
  #withThread<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      run()
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  /**
   * A thread without a job crashed. While another thread is alive, that one takes the waiting jobs. With none, the thread
   * crashed while it started, and the waiting jobs fail.
   */
  #failWaiting(entryFile: string, cause: unknown): void {
    setImmediate(() => {
      if (this.#threads.threads.length > 0 || this.#threads.queueSize === 0) return;
      const why = cause instanceof Error ? cause.message : String(cause);
      const error = new Error(
        `A thread for ${this.address.module} could not be started from ${entryFile}: ${why}`,
        {
          cause,
        },
      );
      for (const reject of this.#waiting) reject(error);
    });
  }

  /** Runs a job. Aborting `kill` ends its thread. Rejects then, and when the thread ends by itself. */
  async run(job: RunJob, transferList: readonly RunJob['talk'][], kill: AbortSignal): Promise<void> {
    await this.#withThread(() => this.#threads.run(job, { transferList: [...transferList], signal: kill }));
  }

  /** The thread with an id, as long as it is alive. */
  thread(id: number): Worker | undefined {
    return this.#threads.threads.find(thread => thread.threadId === id);
  }

  /** How many threads there are. */
  get size(): number {
    return this.#threads.threads.length;
  }

  /** Ends every thread, also busy ones. It does not wait for a thread that cannot be interrupted. */
  async close(): Promise<void> {
    const waited = new AbortController();
    await Promise.race([
      this.#threads.destroy(),
      delay(closeLimitMs, undefined, { signal: waited.signal }).catch(() => {}),
    ]);
    waited.abort();
  }
}
