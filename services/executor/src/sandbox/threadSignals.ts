import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { AttemptAborted } from '../handler/abort.ts';
import { type AbortMessage, type FromThread, sharedCells } from './threadMessages.ts';

/** Checkpoints in a handler's thread. While no pause is requested, they send no message. */
export class ThreadCheckpoints {
  readonly #post: (message: FromThread) => void;
  readonly #signal: AbortSignal;
  readonly #shared: Int32Array;
  readonly #waiting = new Map<number, () => void>();
  #lastId = 0;

  constructor(post: (message: FromThread) => void, signal: AbortSignal, shared: Int32Array) {
    this.#post = post;
    this.#signal = signal;
    this.#shared = shared;
  }

  readonly checkpoint = async (): Promise<void> => {
    this.#signal.throwIfAborted();
    while (Atomics.load(this.#shared, sharedCells.pauseRequested) === 1) {
      this.#lastId += 1;
      const id = this.#lastId;
      const passed = Promise.withResolvers<void>();
      this.#waiting.set(id, passed.resolve);
      this.#post({ kind: 'checkpoint', id });
      await passed.promise;
      this.#signal.throwIfAborted();
    }
  };

  passed(id: number): void {
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }
}

/**
 * The handler's signal in its thread. It is aborted by a message, and also when it is read: a loop that never gives way to
 * the event loop, but reads `signal.aborted` or calls `signal.throwIfAborted()`, sees a cancel at once.
 */
export function threadSignal(port: MessagePort, shared: Int32Array): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = ({ code, message }: AbortMessage) => controller.abort(new AttemptAborted(code, message));
  port.on('message', abort);

  const receive = () => {
    if (Atomics.load(shared, sharedCells.aborted) === 0) return;
    const received: { message: AbortMessage } | undefined = receiveMessageOnPort(port);
    if (received) abort(received.message);
  };
  const isAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get;
  Object.defineProperties(signal, {
    aborted: {
      get: () => {
        receive();
        return isAborted?.call(signal);
      },
    },
    throwIfAborted: {
      value: () => {
        receive();
        AbortSignal.prototype.throwIfAborted.call(signal);
      },
    },
  });
  return signal;
}
