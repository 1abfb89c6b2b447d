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

/** How long a thread may take to end before it is left to the end of the process. */
const closeLimitMs = 1_000;

/** The threads of one sandboxed handler: started as they are needed, kept for the next task, ended when idle. */
export class SandboxPool {
  readonly definition: TaskDefinition;
  readonly address: HandlerAddress;
  readonly maxMemoryMb: number;
  readonly #threads: Piscina<ThreadJob, string | undefined>;

  /** Of what waits for a thread: called when there will be none. */
  readonly #waiting = new Set<(error: Error) => void>();

  /**
   * @param maxThreads as many as there can be tasks at once: a task that has its slot never waits for a thread
   * @param entryFile what a thread runs first, as a URL
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
      // An idle thread that waits for an atomic could not end what the last handler left behind.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: hardLimitFactor * spec.maxMemoryMb },
      recordTiming: false,
    });
    // A thread that dies between two tasks, of something that a handler left behind. Unheard it would end the process.
    this.#threads.on('error', (err: unknown) => {
      logger.error({ err, module: spec.module.href }, 'a thread without a task crashed');
      this.#failWaiting(entryFile, err);
    });
  }

  /**
   * Loads the handler in a thread and tells the fingerprint of its definition.
   * @throws what is wrong with the module
   */
  async load(): Promise<string> {
    return (await this.#withThread(() => this.#threads.run({ kind: 'check', address: this.address }))) ?? '';
  }

  /** Runs a job; rejects when no thread can be started for it. The pool itself would wait for one for ever. */
  #withThread<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      run()
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  /**
   * A thread has died that had no job. With another thread alive, that one takes what waits; with none, the thread died
   * while it was starting, and what waits for it is told.
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

  /** Runs a job. Aborting `kill` ends its thread; rejects then, and when the thread ends by itself. */
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

  /** Ends every thread, also those that work. One that cannot be interrupted is not waited for. */
  async close(): Promise<void> {
    const waited = new AbortController();
    await Promise.race([
      this.#threads.destroy(),
      delay(closeLimitMs, undefined, { signal: waited.signal }).catch(() => {}),
    ]);
    waited.abort();
  }
}
