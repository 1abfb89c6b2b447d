import { type CommandControl, runCommand } from '../handler/exec.ts';
import type { ExecResult } from '../handler/execTypes.ts';
import type { CallContext } from './threadChannel.ts';
import type { MainMethods, SentExecOptions } from './threadMessages.ts';

/** How many characters of a command's output may be unread by a busy thread. Then the command has to wait. */
const maxUnreadChars = 1024 * 1024;

/** The commands of a handler's thread. They run in the main thread, so that they are ended also when the thread is gone. */
export class ThreadCommands {
  /** Resolves when the thread has processed every line that was sent before. */
  readonly #sync: () => Promise<unknown>;
  readonly #killNow = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(sync: () => Promise<unknown>) {
    this.#sync = sync;
  }

  /** Runs a command to its end. Its lines go to the thread. */
  run(
    context: CallContext<MainMethods['exec']['item']>,
    command: string,
    args: readonly string[],
    order: SentExecOptions,
  ): Promise<ExecResult> {
    const ended = this.#run(context, command, args, order);
    const settled = ended.catch(() => {}).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
    return ended;
  }

  /** Ends every command that is left, with its process group. Resolves when all are gone. */
  async killAll(): Promise<void> {
    this.#killNow.abort(new Error('The handler has ended.'));
    await Promise.all(this.#running);
  }

  async #run(
    { signal, send }: CallContext<MainMethods['exec']['item']>,
    command: string,
    args: readonly string[],
    { wantsLines, ...options }: SentExecOptions,
  ): Promise<ExecResult> {
    const over = AbortSignal.any([signal, this.#killNow.signal]);
    const isOver = new Promise<void>(resolve =>
      over.addEventListener('abort', () => resolve(), { once: true }),
    );
    let unreadChars = 0;
    let hasRoom: Promise<void> | undefined;
    const room = () => {
      if (over.aborted || unreadChars < maxUnreadChars) return undefined;
      // A thread that is gone processes nothing more: then the command is ended, and waits no longer.
      hasRoom ??= Promise.race([this.#sync(), isOver]).then(() => {
        unreadChars = 0;
        hasRoom = undefined;
      });
      return hasRoom;
    };
    const onLine = (line: string, stream: 'stdout' | 'stderr') => {
      unreadChars += line.length + 1;
      send({ line, stream });
    };
    const control: CommandControl = { killNow: this.#killNow.signal, room };
    return runCommand(command, args, signal, { ...options, ...(wantsLines ? { onLine } : {}) }, control);
  }
}
