import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { messageOf } from '../failure/describeThrown.ts';
import type { AttemptAborted } from '../handler/abort.ts';
import { type Ending, endingOfError } from '../handler/ending.ts';
import type { HandlerCall } from '../handler/handlerCall.ts';
import { answerChildTask } from './answerChildTask.ts';
import type { SandboxPool } from './sandboxPool.ts';
import { ThreadChildren } from './threadChildren.ts';
import { type FromThread, type RunJob, sharedSlots, type ToThread } from './threadMessages.ts';
import { watchMemory } from './watchMemory.ts';

/** How a handler in a thread came to its end. `killed`: by us, and nothing of it runs any more. */
export type ThreadEnd =
  | { readonly how: 'ended'; readonly ending: Ending; readonly declared: boolean }
  | { readonly how: 'crashed'; readonly message: string }
  | { readonly how: 'killed' };

/** One run of a handler in a thread, seen from the main side. */
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
    new SharedArrayBuffer(Object.keys(sharedSlots).length * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #kill = new AbortController();
  readonly #children: ThreadChildren;
  readonly #said = Promise.withResolvers<ThreadEnd>();
  #memory: { stop(): void } | undefined;
  /** What the run ends with, where that was decided here. */
  #verdict: ThreadEnd | undefined;

  constructor(pool: SandboxPool, call: HandlerCall) {
    const { task, attempt, input, signal } = call;
    this.#pool = pool;
    this.#call = call;
    const { port1: talk } = this.#talk;
    this.#children = new ThreadChildren(talk, signal);
    call.pauses.onRequest(toPause => Atomics.store(this.#shared, sharedSlots.toPause, Number(toPause)));
    talk.on('message', (message: FromThread) => this.#receive(message));
    // Comes behind everything that the thread has said, when it is gone.
    const gone = once(talk, 'close');
    const job: RunJob = {
      kind: 'run',
      address: pool.address,
      task,
      attempt,
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

  /** Tells the handler that its signal is aborted. */
  abort({ code, message }: AttemptAborted): void {
    Atomics.store(this.#shared, sharedSlots.aborted, 1);
    this.#abort.port1.postMessage({ code, message });
  }

  /** Ends the thread, whatever it does. */
  kill(verdict: ThreadEnd = { how: 'killed' }): void {
    if (this.#kill.signal.aborted) return;
    this.#verdict = verdict;
    this.#kill.abort();
    void this.#children.killAll();
    // Where the thread has not come to the job they are still here, and nobody else would close them.
    this.#talk.port2.close();
    this.#abort.port2.close();
  }

  async #follow(gone: Promise<unknown>, work: Promise<{ error: unknown } | undefined>): Promise<ThreadEnd> {
    const crash = gone.then(async (): Promise<ThreadEnd> => {
      const end = await work;
      return { how: 'crashed', message: end ? messageOf(end.error) : 'It ended without a word.' };
    });
    // A job that could not be sent leaves the ports here.
    void work.then(end => {
      if (end) this.#talk.port2.close();
    });
    const end = await Promise.race([this.#said.promise, crash]);
    this.#memory?.stop();
    await this.#children.killAll();
    this.#talk.port1.close();
    this.#abort.port1.close();
    return this.#verdict ?? end;
  }

  #receive(message: FromThread): void {
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
        Atomics.sub(this.#shared, sharedSlots.unread, 1);
        void this.#report(message.json);
        return;
      case 'log':
        Atomics.sub(this.#shared, sharedSlots.unread, 1);
        this.#call.output.log[message.level](message.message, message.fields);
        return;
      case 'exec':
        this.#children.start(message.id, message.command, message.args, message.order);
        return;
      case 'execAbort':
        this.#children.abort(message.id);
        return;
      case 'synced':
        this.#children.synced(message.id);
        return;
      case 'childStart':
      case 'childEnd':
        void answerChildTask(message, this.#call).then(answer => this.#talk.port1.postMessage(answer));
        return;
      case 'checkpoint':
        // Aborted, it passes too: the thread sees that for itself.
        void this.#call.pauses
          .checkpoint()
          .catch(() => {})
          .then(() => this.#talk.port1.postMessage({ kind: 'passed', id: message.id } satisfies ToThread));
        return;
      case 'ended':
        this.#said.resolve({ how: 'ended', ending: JSON.parse(message.ending), declared: message.declared });
    }
  }

  /** The thread has checked it by the same schema; what is refused here all the same ends the run. */
  async #report(json: string): Promise<void> {
    try {
      this.#call.output.progress(JSON.parse(json));
    } catch (error) {
      this.kill({ how: 'ended', ending: await endingOfError(this.#pool.definition, error), declared: false });
    }
  }
}
