import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { TaskError } from '@longhaul/executor';
import type { AnalysisJob, ReportProgress } from './analyzeDocument.ts';
import {
  type DocumentErrors,
  type DocumentOutput,
  type DocumentProgress,
  documentError,
} from './documentTypes.ts';

/** How analysis threads are kept. */
export type ThreadOptions = {
  /** How much memory one analysis may take, in MiB. Default: 1,024. */
  readonly memoryLimitMiB?: number;
  /** Milliseconds that a thread without work is kept, with its models loaded. Default: 60,000. */
  readonly idleMs?: number;
};

/** Runs analyses in threads of their own. */
export type AnalysisThreads = {
  /**
   * Analyzes one document. On abort its thread is ended, wherever it is, and the promise rejects with the signal's
   * reason once it is gone.
   *
   * @throws TaskError the declared errors of reading a document
   */
  readonly run: (job: AnalysisJob, report: ReportProgress, signal: AbortSignal) => Promise<DocumentOutput>;
};

/** The model remembers every new word that it meets: after so many documents a thread is not used again. */
const documentsPerThread = 50;

/**
 * How often the memory of a busy thread is looked at. V8's own limit does not do: it knows no buffers (a PDF of 1 MB
 * can unpack into 1 GB, at some 300 MB a second), and reaching it may end not just the thread but the process. So it
 * lies far above, for a thread that no look can catch.
 */
const memoryWatchMs = 100;
const hardLimitFactor = 4;

// Beside this file, and with its ending: it may have been compiled.
const threadEntry = new URL(`./analysisThread${extname(import.meta.url)}`, import.meta.url);

type Thread = { readonly worker: Worker; documents: number };

/**
 * Analysis is done off the main thread because the language and PDF libraries work in single calls that cannot be
 * interrupted and on hostile input take minutes: heartbeats, cancels and other tasks of the executor must not wait.
 *
 * One thread is kept for the next document; more are started as they are needed.
 */
export function analysisThreads({
  memoryLimitMiB = 1_024,
  idleMs = 60_000,
}: ThreadOptions = {}): AnalysisThreads {
  let idle: Thread | undefined;
  let idleTimer: NodeJS.Timeout | undefined;

  const start = (): Thread => {
    const worker = new Worker(threadEntry, {
      name: 'document.analyze',
      resourceLimits: { maxOldGenerationSizeMb: hardLimitFactor * memoryLimitMiB },
    });
    const thread = { worker, documents: 0 };
    // For as long as it lives: an error of a thread that is being ended has no other listener, and would end the process.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (idle === thread) idle = undefined;
    });
    return thread;
  };

  const take = (): Thread => {
    clearTimeout(idleTimer);
    const thread = idle ?? start();
    idle = undefined;
    thread.documents += 1;
    thread.worker.ref();
    return thread;
  };

  const giveBack = (thread: Thread): void => {
    if (idle !== undefined || thread.documents >= documentsPerThread) {
      void thread.worker.terminate();
      return;
    }
    idle = thread;
    // Neither the thread nor the timer keeps a process alive that has nothing else to do.
    thread.worker.unref();
    idleTimer = setTimeout(() => {
      idle = undefined;
      void thread.worker.terminate();
    }, idleMs);
    idleTimer.unref();
  };

  return {
    run: async (job, report, signal) => {
      signal.throwIfAborted();
      const thread = take();
      try {
        const output = await runJob(thread.worker, job, report, signal, memoryLimitMiB);
        giveBack(thread);
        return output;
      } catch (error) {
        // After a declared error the thread waits for its next job; after anything else its state is not known.
        if (error instanceof DeclaredReply) {
          giveBack(thread);
          throw error.cause;
        }
        await thread.worker.terminate();
        throw error;
      }
    },
  };
}

/** Carries a declared error out of a thread that is still well. */
class DeclaredReply extends Error {}

async function runJob(
  worker: Worker,
  job: AnalysisJob,
  report: ReportProgress,
  signal: AbortSignal,
  memoryLimitMiB: number,
): Promise<DocumentOutput> {
  const { promise, resolve, reject } = Promise.withResolvers<DocumentOutput>();
  const onMessage = (reply: ThreadReply) => {
    switch (reply.kind) {
      case 'progress':
        try {
          if (!signal.aborted) report(reply.progress);
        } catch (error) {
          reject(error);
        }
        return;
      case 'done':
        resolve(reply.output);
        return;
      case 'declared':
        reject(new DeclaredReply('', { cause: new TaskError(reply.code, reply.message, reply.data) }));
        return;
      case 'failed':
        reject(reply.error);
        return;
    }
  };
  const onError = (error: unknown) => reject(isOutOfMemory(error) ? tooComplex() : error);
  const onExit = (code: number) =>
    reject(new Error(`The analysis thread ended by itself with code ${code}.`));
  const onAbort = () => reject(signal.reason);
  worker.on('message', onMessage).once('error', onError).once('exit', onExit);
  signal.addEventListener('abort', onAbort, { once: true });
  const memoryWatch = setInterval(async () => {
    if ((await memoryMiB(worker)) > memoryLimitMiB) reject(tooComplex());
  }, memoryWatchMs);
  try {
    worker.postMessage(job, job.document.kind === 'bytes' ? [job.document.bytes.buffer] : []);
    return await promise;
  } finally {
    clearInterval(memoryWatch);
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    signal.removeEventListener('abort', onAbort);
  }
}

/** What a thread has taken, also while it is busy; 0 for one that has ended. */
async function memoryMiB(worker: Worker): Promise<number> {
  try {
    const { used_heap_size: heap, external_memory: buffers } = await worker.getHeapStatistics();
    return (heap + buffers) / 1024 ** 2;
  } catch {
    return 0;
  }
}

function isOutOfMemory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function tooComplex(): TaskError {
  return documentError(
    'UNREADABLE',
    'Reading the document needs more memory than the executor gives it. Make it smaller or simpler.',
    { format: null, reason: 'TOO_COMPLEX' },
  );
}

/** What the executor's main thread sends to an analysis thread. */
export type ThreadRequest = AnalysisJob;

/** What an analysis thread sends back: any number of `progress`, then one of the others. */
export type ThreadReply =
  | { readonly kind: 'progress'; readonly progress: DocumentProgress }
  | { readonly kind: 'done'; readonly output: DocumentOutput }
  | {
      /** A declared error of the task. */
      readonly kind: 'declared';
      readonly code: keyof DocumentErrors;
      readonly message: string;
      readonly data: unknown;
    }
  | { readonly kind: 'failed'; readonly error: unknown };
