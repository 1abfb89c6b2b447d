import type { EndedTask } from '@longhaul/proto/wire';
import type { ChildPort } from '../handler/children/childTypes.ts';
import { ExecError } from '../handler/execTypes.ts';
import type { TaskContext } from '../handler/taskContext.ts';
import type { ThreadChannel } from './threadChannel.ts';
import { type MainMethods, sharedCells, type ThreadMethods } from './threadMessages.ts';

// What the context of a handler does in its thread by asking the main thread.

type ToMain = ThreadChannel<ThreadMethods, MainMethods>;

/**
 * `exec` in a handler's thread. The main thread starts the commands, so that they are ended also when the handler's thread
 * is gone.
 */
export function threadExec(channel: ToMain, taskSignal: AbortSignal): TaskContext['exec'] {
  return async (command, args = [], options = {}) => {
    const { onLine, signal, ...rest } = options;
    taskSignal.throwIfAborted();
    signal?.throwIfAborted();
    const ending = new AbortController();
    /** Why it is ended, where that is not the task's own signal. */
    let stopped: { readonly reason: unknown } | undefined;
    const whyStopped = () => stopped;
    const stop = (reason: unknown) => {
      stopped ??= { reason };
      ending.abort();
    };
    const onAbort = () => stop(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const order = { ...rest, wantsLines: onLine !== undefined };
      const result = await channel.call('exec', [command, [...args], order], {
        signal: ending.signal,
        onItem: ({ line, stream }) => {
          if (stopped) return;
          try {
            onLine?.(line, stream);
          } catch (error) {
            stop(error);
          }
        },
      });
      // What ends the call is thrown also where the command had ended by itself before the main thread was told.
      const ended = whyStopped();
      if (ended) throw ended.reason;
      return result;
    } catch (error) {
      if (stopped && !(error instanceof ExecError)) throw stopped.reason;
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  };
}

/** Child tasks in a handler's thread: the main thread starts them and waits for them. */
export function threadChildren(channel: ToMain, signal: AbortSignal): ChildPort {
  return {
    start: async ({ input, ...child }) => {
      signal.throwIfAborted();
      // The input may be `undefined`, where its schema allows that.
      const json: string | undefined = JSON.stringify(input);
      return channel.call('startChild', [child, json]);
    },
    ended: async (taskId, name) => {
      signal.throwIfAborted();
      const ended: EndedTask = JSON.parse(await channel.call('endOfChild', [taskId, name]));
      return ended;
    },
  };
}

/** Checkpoints in a handler's thread. While no pause is requested, they send no message. */
export function threadCheckpoint(
  channel: ToMain,
  signal: AbortSignal,
  shared: Int32Array,
): TaskContext['checkpoint'] {
  return async () => {
    signal.throwIfAborted();
    while (Atomics.load(shared, sharedCells.pauseRequested) === 1) {
      await channel.call('checkpoint', []);
      signal.throwIfAborted();
    }
  };
}
