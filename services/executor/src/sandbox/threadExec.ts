import type { ExecOptions, ExecResult } from '../handler/execTypes.ts';
import { ExecError } from '../handler/execTypes.ts';
import type { TaskContext } from '../handler/taskContext.ts';
import type { CommandFailure, FromThread, ToThread, ToThreadOfChild } from './threadMessages.ts';

type RunningCommand = {
  readonly ended: PromiseWithResolvers<ExecResult>;
  readonly onLine: ExecOptions['onLine'];
  /** Why it is stopped, where that is not the task's own signal. */
  stopped: { readonly reason: unknown } | undefined;
};

/**
 * `exec` in a handler's thread. The commands are started by the main thread, so that they are ended also when the
 * handler's thread is gone.
 */
export class ThreadExec {
  readonly #post: (message: FromThread) => void;
  readonly #signal: AbortSignal;
  readonly #running = new Map<number, RunningCommand>();
  #lastId = 0;

  constructor(post: (message: FromThread) => void, signal: AbortSignal) {
    this.#post = post;
    this.#signal = signal;
  }

  readonly exec: TaskContext['exec'] = async (command, args = [], options = {}) => {
    const { onLine, signal, ...rest } = options;
    this.#signal.throwIfAborted();
    signal?.throwIfAborted();
    this.#lastId += 1;
    const id = this.#lastId;
    const running: RunningCommand = { ended: Promise.withResolvers(), onLine, stopped: undefined };
    const stop = () => this.#stop(id, running, signal?.reason);
    this.#running.set(id, running);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const order = { ...rest, wantsLines: onLine !== undefined };
      this.#post({ kind: 'exec', id, command, args: [...args], order });
      return await running.ended.promise;
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#running.delete(id);
    }
  };

  receive(message: Exclude<ToThread, ToThreadOfChild | { kind: 'passed' }>): void {
    const { id } = message;
    const running = this.#running.get(id);
    switch (message.kind) {
      case 'line':
        if (running && !running.stopped) this.#giveLine(id, running, message.line, message.stream);
        return;
      case 'sync':
        this.#post({ kind: 'synced', id });
        return;
      case 'execEnded':
        running?.ended.resolve(message.result);
        return;
      case 'execFailed':
        running?.ended.reject(this.#errorOf(running, message.why));
    }
  }

  #giveLine(id: number, running: RunningCommand, line: string, stream: 'stdout' | 'stderr'): void {
    try {
      running.onLine?.(line, stream);
    } catch (error) {
      this.#stop(id, running, error);
    }
  }

  #stop(id: number, running: RunningCommand, reason: unknown): void {
    running.stopped ??= { reason };
    this.#post({ kind: 'execAbort', id });
  }

  #errorOf(running: RunningCommand, why: CommandFailure): unknown {
    switch (why.kind) {
      case 'not started':
        return new ExecError(why.code, why.message);
      case 'other':
        return new Error(why.message);
      case 'aborted':
        if (running.stopped) return running.stopped.reason;
        // Reading `aborted` also receives an abort that is still on its way: its reason is what the handler expects.
        return this.#signal.aborted ? this.#signal.reason : new Error('The command was ended.');
    }
  }
}
