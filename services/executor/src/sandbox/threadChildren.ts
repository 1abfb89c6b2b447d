import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../failure/describeThrown.ts';
import { type CommandControl, runCommand } from '../handler/exec.ts';
import { ExecError } from '../handler/execTypes.ts';
import type { ChildFailure, ExecOrder, ToThread } from './threadMessages.ts';

/** So much of a child's output may be on its way to a busy thread; then the child has to wait. */
const maxCharsOnTheWay = 1024 * 1024;

type Child = {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** Characters of lines that were sent since the thread last said that it has them all. */
  charsOnTheWay: number;
  synced: PromiseWithResolvers<void> | undefined;
};

/** The children that a handler's thread has asked for. They run here, so that they end even when the thread is gone. */
export class ThreadChildren {
  readonly #talk: MessagePort;
  readonly #signal: AbortSignal;
  readonly #killNow = new AbortController();
  readonly #children = new Map<number, Child>();

  constructor(talk: MessagePort, signal: AbortSignal) {
    this.#talk = talk;
    this.#signal = signal;
  }

  start(id: number, command: string, args: readonly string[], order: ExecOrder): void {
    const { wantsLines, ...options } = order;
    const stop = new AbortController();
    const ended = Promise.withResolvers<void>();
    const child: Child = { stop, ended: ended.promise, charsOnTheWay: 0, synced: undefined };
    this.#children.set(id, child);
    const over = AbortSignal.any([this.#signal, stop.signal, this.#killNow.signal]);
    over.addEventListener('abort', () => child.synced?.resolve(), { once: true });
    const onLine = (line: string, stream: 'stdout' | 'stderr') => {
      child.charsOnTheWay += line.length + 1;
      this.#post({ kind: 'line', id, line, stream });
    };
    const control: CommandControl = {
      killNow: this.#killNow.signal,
      room: () => (over.aborted ? undefined : this.#room(id, child)),
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
        this.#children.delete(id);
        ended.resolve();
      });
  }

  /** The handler no longer wants this child. */
  abort(id: number): void {
    this.#children.get(id)?.stop.abort();
  }

  /** The thread has handled every line that was sent before it was asked. */
  synced(id: number): void {
    const child = this.#children.get(id);
    if (!child) return;
    child.charsOnTheWay = 0;
    child.synced?.resolve();
    child.synced = undefined;
  }

  /** Ends every child that is left, with its process group, and resolves when all are gone. */
  async killAll(): Promise<void> {
    this.#killNow.abort(new Error('The handler has ended.'));
    await Promise.all([...this.#children.values()].map(({ ended }) => ended));
  }

  #room(id: number, child: Child): Promise<void> | undefined {
    if (child.charsOnTheWay < maxCharsOnTheWay) return undefined;
    if (!child.synced) {
      child.synced = Promise.withResolvers();
      this.#post({ kind: 'sync', id });
    }
    return child.synced.promise;
  }

  #post(message: ToThread): void {
    this.#talk.postMessage(message);
  }
}

function failureOf(error: unknown, over: AbortSignal): ChildFailure {
  if (error instanceof ExecError) {
    return { kind: 'not started', code: error.code, message: error.message };
  }
  if (over.aborted) return { kind: 'aborted' };
  return { kind: 'other', message: messageOf(error) };
}
