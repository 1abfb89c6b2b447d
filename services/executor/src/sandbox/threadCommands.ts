import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../failure/describeThrown.ts';
import { type CommandControl, runCommand } from '../handler/exec.ts';
import { ExecError } from '../handler/execTypes.ts';
import type { CommandFailure, SentExecOptions, ToThread } from './threadMessages.ts';

/** How many characters of a command's output may be unread by a busy thread. Then the command has to wait. */
const maxUnreadChars = 1024 * 1024;

type RunningCommand = {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** Characters of the lines that were sent since the last `synced`. */
  unreadChars: number;
  synced: PromiseWithResolvers<void> | undefined;
};

/** The commands of a handler's thread. They run in the main thread, so that they are ended also when the thread is gone. */
export class ThreadCommands {
  readonly #talk: MessagePort;
  readonly #signal: AbortSignal;
  readonly #killNow = new AbortController();
  readonly #running = new Map<number, RunningCommand>();

  constructor(talk: MessagePort, signal: AbortSignal) {
    this.#talk = talk;
    this.#signal = signal;
  }

  start(id: number, command: string, args: readonly string[], order: SentExecOptions): void {
    const { wantsLines, ...options } = order;
    const stop = new AbortController();
    const ended = Promise.withResolvers<void>();
    const running: RunningCommand = { stop, ended: ended.promise, unreadChars: 0, synced: undefined };
    this.#running.set(id, running);
    const over = AbortSignal.any([this.#signal, stop.signal, this.#killNow.signal]);
    over.addEventListener('abort', () => running.synced?.resolve(), { once: true });
    const onLine = (line: string, stream: 'stdout' | 'stderr') => {
      running.unreadChars += line.length + 1;
      this.#post({ kind: 'line', id, line, stream });
    };
    const control: CommandControl = {
      killNow: this.#killNow.signal,
      room: () => (over.aborted ? undefined : this.#room(id, running)),
    };
    runCommand(
      command,
      args,
      this.#signal,
      { ...options, signal: stop.signal, ...(wantsLines ? { onLine } : {}) },
      control,
    )
      .then(
        result => this.#post({ kind: 'execEnded', id, result }),
        (error: unknown) => this.#post({ kind: 'execFailed', id, why: failureOf(error, over) }),
      )
      .finally(() => {
        this.#running.delete(id);
        ended.resolve();
      });
  }

  /** Ends a command, since its own signal was aborted. */
  abort(id: number): void {
    this.#running.get(id)?.stop.abort();
  }

  /** The thread has processed every line that was sent before the `sync`. */
  synced(id: number): void {
    const running = this.#running.get(id);
    if (!running) return;
    running.unreadChars = 0;
    running.synced?.resolve();
    running.synced = undefined;
  }

  /** Ends every command that is left, with its process group. Resolves when all are gone. */
  async killAll(): Promise<void> {
    this.#killNow.abort(new Error('The handler has ended.'));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #room(id: number, running: RunningCommand): Promise<void> | undefined {
    if (running.unreadChars < maxUnreadChars) return undefined;
    if (!running.synced) {
      running.synced = Promise.withResolvers();
      this.#post({ kind: 'sync', id });
    }
    return running.synced.promise;
  }

  #post(message: ToThread): void {
    this.#talk.postMessage(message);
  }
}

function failureOf(error: unknown, over: AbortSignal): CommandFailure {
  if (error instanceof ExecError) {
    return { kind: 'not started', code: error.code, message: error.message };
  }
  if (over.aborted) return { kind: 'aborted' };
  return { kind: 'other', message: messageOf(error) };
}
