import type { ExecOptions, ExecResult } from '../handler/execTypes.ts';
import { ExecError } from '../handler/execTypes.ts';
import type { TaskContext } from '../handler/taskContext.ts';
import type { ChildFailure, FromThread, ToThread, ToThreadOfChild } from './threadMessages.ts';

type Child = {
  readonly ended: PromiseWithResolvers<ExecResult>;
  readonly onLine: ExecOptions['onLine'];
  /** Why it was to end, where that is not the task's own signal. */
  stopped: { readonly reason: unknown } | undefined;
};

/**
 * `exec` in a handler's thread. The children run on the main side, which therefore ends them whatever becomes of the
 * thread.
 */
export class ThreadExec {
  readonly #post: (message: FromThread) => void;
  readonly #signal: AbortSignal;
  readonly #children = new Map<number, Child>();
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
    const child: Child = { ended: Promise.withResolvers(), onLine, stopped: undefined };
    const stop = () => this.#stop(id, child, signal?.reason);
    this.#children.set(id, child);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const order = { ...rest, wantsLines: onLine !== undefined };
      this.#post({ kind: 'exec', id, command, args: [...args], order });
      return await child.ended.promise;
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#children.delete(id);
    }
  };

  receive(message: Exclude<ToThread, ToThreadOfChild | { kind: 'passed' }>): void {
    const { id } = message;
    const child = this.#children.get(id);
    switch (message.kind) {
      case 'line':
        if (child && !child.stopped) this.#giveLine(id, child, message.line, message.stream);
        return;
      case 'sync':
        this.#post({ kind: 'synced', id });
        return;
      case 'execEnded':
        child?.ended.resolve(message.result);
        return;
      case 'execFailed':
        child?.ended.reject(this.#errorOf(child, message.why));
    }
  }

  #giveLine(id: number, child: Child, line: string, stream: 'stdout' | 'stderr'): void {
    try {
      child.onLine?.(line, stream);
    } catch (error) {
      this.#stop(id, child, error);
    }
  }

  #stop(id: number, child: Child, reason: unknown): void {
    child.stopped ??= { reason };
    this.#post({ kind: 'execAbort', id });
  }

  #errorOf(child: Child, why: ChildFailure): unknown {
    switch (why.kind) {
      case 'not started':
        return new ExecError(why.code, why.message);
      case 'other':
        return new Error(why.message);
      case 'aborted':
        if (child.stopped) return child.stopped.reason;
        // Asked, so that an abort that is still on its way is seen: its reason is what the handler expects.
        return this.#signal.aborted ? this.#signal.reason : new Error('The child process was ended.');
    }
  }
}
