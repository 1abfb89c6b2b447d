import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import { AttemptAborted } from '../../attempt/abortReasons.ts';
import { type AbortMessage, sharedPlaces } from './threadMessages.ts';

/**
 * The handler's signal in its thread. It is aborted by a message, and also by being looked at: a loop that never
 * lets the event loop turn, but asks `signal.aborted` or `signal.throwIfAborted()`, sees a cancel at once.
 */
export function threadSignal(port: MessagePort, shared: Int32Array): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = ({ code, message }: AbortMessage) => controller.abort(new AttemptAborted(code, message));
  port.on('message', abort);

  const look = () => {
    if (Atomics.load(shared, sharedPlaces.aborted) === 0) return;
    const received: { message: AbortMessage } | undefined = receiveMessageOnPort(port);
    if (received) abort(received.message);
  };
  const isAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get;
  Object.defineProperties(signal, {
    aborted: {
      get: () => {
        look();
        return isAborted?.call(signal);
      },
    },
    throwIfAborted: {
      value: () => {
        look();
        AbortSignal.prototype.throwIfAborted.call(signal);
      },
    },
  });
  return signal;
}
