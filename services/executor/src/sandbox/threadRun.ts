import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { messageOf } from '../failure/describeThrown.ts';
import type { AttemptAborted } from '../handler/abort.ts';
import { type Ending, endingOfError, sentEndingSchema } from '../handler/ending.ts';
import type { HandlerCall } from '../handler/handlerCall.ts';
import type { SandboxPool } from './sandboxPool.ts';
import { type Implementation, ThreadChannel } from './threadChannel.ts';
import { ThreadCommands } from './threadCommands.ts';
import { receivedError } from './threadErrors.ts';
import {
  type FromThread,
  type MainMethods,
  type RunJob,
  sharedCells,
  type ThreadMethods,
} from './threadMessages.ts';
import { watchMemory } from './watchMemory.ts';

/** How the run of a handler in a thread ended. `killed`: by the main thread, and nothing of it runs any more. */
export type ThreadEnd =
  | { readonly how: 'ended'; readonly ending: Ending; readonly declared: boolean }
  | { readonly how: 'crashed'; readonly message: string }
  | { readonly how: 'killed' };

/** One run of a handler in a thread: the main thread's side. */
export class ThreadRun {
  /** Resolves when the handler has ended, and with it its thread where it did not end by itself. */
  readonly ended: Promise<ThreadEnd>;
  /** Resolves when the thread is free for another run, or gone. */
  readonly released: Promise<void>;
  readonly #pool: SandboxPool;
  readonly #call: HandlerCall;
  readonly #talk = new MessageChannel();
  readonly #abort = new MessageChannel();
  readonly #shared = new Int32Array(
    new SharedArrayBuffer(Object.keys(sharedCells).length * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #kill = new AbortController();
  readonly #commands = new ThreadCommands(() => this.#channel.call('sync', []));
  readonly #channel: ThreadChannel<MainMethods, ThreadMethods>;
  readonly #reported = Promise.withResolvers<ThreadEnd>();
  #memory: { stop(): void } | undefined;
  /** How the run ends, where the main thread decided that. */
  #verdict: ThreadEnd | undefined;

  constructor(pool: SandboxPool, call: HandlerCall) {
    const { task, attempt, fence, input, signal } = call;
    this.#pool = pool;
    this.#call = call;
    const { port1: talk } = this.#talk;
    this.#channel = new ThreadChannel<MainMethods, ThreadMethods>({
      post: message => talk.postMessage(message),
      own: this.#methods(call),
      signal,
      errorOf: why => receivedError(why, signal),
    });
    call.pauses.onRequest(isRequested =>
      Atomics.store(this.#shared, sharedCells.pauseRequested, Number(isRequested)),
    );
    talk.on('message', (message: FromThread) => this.#receive(message));
    talk.on('messageerror', error => this.#sentNonsense(error));
    // The thread is gone. `close` comes after all messages of the thread.
    const gone = once(talk, 'close');
    const job: RunJob = {
      kind: 'run',
      address: pool.address,
      task,
      attempt,
      fence,
      input,
      talk: this.#talk.port2,
      abort: this.#abort.port2,
      shared: this.#shared,
    };
    const work = pool.run(job, [job.talk, job.abort], this.#kill.signal).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.ended = this.#follow(gone, work);
    this.released = this.ended.then(async () => void (await work));
  }

  /** Aborts the handler's signal. */
  abort({ code, message }: AttemptAborted): void {
    Atomics.store(this.#shared, sharedCells.aborted, 1);
    this.#abort.port1.postMessage({ code, message });
  }

  /** Ends the thread, also while it is busy. */
  kill(verdict: ThreadEnd = { how: 'killed' }): void {
    if (this.#kill.signal.aborted) return;
    this.#verdict = verdict;
    this.#kill.abort();
    void this.#commands.killAll();
    // Where the job has not reached the thread yet, these ports are still here, and must be closed here.
    this.#talk.port2.close();
    this.#abort.port2.close();
  }

  async #follow(gone: Promise<unknown>, work: Promise<{ error: unknown } | undefined>): Promise<ThreadEnd> {
    const crash = gone.then(async (): Promise<ThreadEnd> => {
      const end = await work;
      return { how: 'crashed', message: end ? messageOf(end.error) : 'It ended without an error.' };
    });
    // A job that could not be sent leaves its ports here.
    void work.then(end => {
      if (end) this.#talk.port2.close();
    });
    const end = await Promise.race([this.#reported.promise, crash]);
    this.#memory?.stop();
    await this.#commands.killAll();
    this.#talk.port1.close();
    this.#abort.port1.close();
    return this.#verdict ?? end;
  }

  /**
   * A handler can change what its thread sends: `JSON`, `Object.prototype` and the ports are its own as well. What does not
   * fit is a crash of that thread, which is not used again, and of nothing else.
   */
  #receive(message: FromThread): void {
    try {
      this.#process(message);
    } catch (error) {
      this.#sentNonsense(error);
    }
  }

  #sentNonsense(error: unknown): void {
    this.kill({
      how: 'crashed',
      message: `It sent a message that does not fit (${messageOf(error)}). A handler, or a library that it loads, may have changed JSON or Object.prototype.`,
    });
  }

  #process(message: FromThread): void {
    switch (message.kind) {
      case 'begun':
        this.#memory = watchMemory(this.#pool.thread(message.threadId), this.#pool.maxMemoryMb, usedMb =>
          this.kill({
            how: 'crashed',
            message: `It took ${usedMb} MiB of memory, more than maxMemoryMb (${this.#pool.maxMemoryMb}).`,
          }),
        );
        return;
      case 'progress':
        Atomics.sub(this.#shared, sharedCells.unread, 1);
        void this.#report(message.json);
        return;
      case 'log':
        Atomics.sub(this.#shared, sharedCells.unread, 1);
        this.#call.output.log[message.level](message.message, message.fields);
        return;
      case 'ended':
        this.#reported.resolve({
          how: 'ended',
          ending: sentEndingSchema.parse(JSON.parse(message.ending)),
          declared: message.declared === true,
        });
        return;
      default:
        this.#channel.receive(message);
    }
  }

  /** What the thread may ask for. */
  #methods({ children, pauses }: HandlerCall): Implementation<MainMethods> {
    return {
      exec: (context, ...order) => this.#commands.run(context, ...order),
      startChild: (_context, child, json) =>
        children.start({ ...child, input: json === undefined ? undefined : JSON.parse(json) }),
      endOfChild: async (_context, taskId, name) => JSON.stringify(await children.ended(taskId, name)),
      // An aborted checkpoint passes too: the thread sees the abort itself.
      checkpoint: async () => void (await pauses.checkpoint().catch(() => {})),
    };
  }

  /** The thread has checked the progress by the same schema. If it is refused here all the same, the run ends. */
  async #report(json: string): Promise<void> {
    try {
      this.#call.output.progress(JSON.parse(json));
    } catch (error) {
      this.kill({ how: 'ended', ending: await endingOfError(this.#pool.definition, error), declared: false });
    }
  }
}
