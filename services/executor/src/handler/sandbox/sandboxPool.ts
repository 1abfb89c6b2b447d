import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { TaskDefinition } from '@longhaul/proto';
import type { Logger } from 'pino';
import { Piscina } from 'piscina';
import { moduleToLoad } from './moduleToLoad.ts';
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

  /** @param maxThreads as many as there can be tasks at once: a task that has its slot never waits for a thread */
  constructor(definition: TaskDefinition, spec: SandboxSpec, maxThreads: number, logger: Logger) {
    this.definition = definition;
    this.address = { module: moduleToLoad(spec.module).href, exportName: spec.exportName };
    this.maxMemoryMb = spec.maxMemoryMb;
    this.#threads = new Piscina({
      filename: entry,
      minThreads: 0,
      maxThreads,
      idleTimeout: spec.idleMs,
      // An idle thread that waits for an atomic could not end what the last handler left behind.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: hardLimitFactor * spec.maxMemoryMb },
      recordTiming: false,
    });
    // A thread that dies between two tasks, of something that a handler left behind. Unheard it would end the process.
    this.#threads.on('error', (err: unknown) =>
      logger.error({ err, module: spec.module.href }, 'a thread without a task crashed'),
    );
  }

  /**
   * Loads the handler in a thread and tells the fingerprint of its definition.
   * @throws what is wrong with the module
   */
  async load(): Promise<string> {
    return (await this.#threads.run({ kind: 'check', address: this.address })) ?? '';
  }

  /** Runs a job. Aborting `kill` ends its thread; rejects then, and when the thread ends by itself. */
  async run(job: RunJob, transferList: readonly RunJob['talk'][], kill: AbortSignal): Promise<void> {
    await this.#threads.run(job, { transferList: [...transferList], signal: kill });
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
