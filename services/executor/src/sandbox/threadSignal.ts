import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { AttemptAborted } from '../handler/abort.ts';
import { type AbortMessage, sharedCells } from './threadMessages.ts';

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
