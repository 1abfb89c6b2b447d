import type { TaskDefinition } from '@longhaul/proto';

/** How the threads of one sandboxed handler are kept. */
export type SandboxOptions = {
  /**
   * Ends a thread with `SANDBOX_CRASHED` when it takes more memory than so many MiB, heap and buffers together. What
   * is garbage and not yet collected counts, so allow twice what the handler holds at once. Default: 1,024.
   */
  readonly maxMemoryMb?: number;
  /** Milliseconds that a thread without work is kept, with what it has loaded. Default: 60,000. */
  readonly idleMs?: number;
};

/** Where a sandboxed handler is found, and how its threads are kept. Made by {@link sandboxed}. */
export class SandboxSpec {
  readonly module: URL;
  readonly exportName: string;
  readonly maxMemoryMb: number;
  readonly idleMs: number;

  constructor(module: URL, options: SandboxOptions & { readonly exportName?: string }) {
    const { exportName = 'default', maxMemoryMb = 1_024, idleMs = 60_000 } = options;
    if (module.protocol !== 'file:')
      throw new RangeError(
        `A sandboxed handler is a file: write new URL('../handler/sandbox/file.ts', import.meta.url), not ${module.href}.`,
      );
    if (!Number.isSafeInteger(maxMemoryMb) || maxMemoryMb < 16)
      throw new RangeError(`maxMemoryMb must be a whole number of at least 16, not ${maxMemoryMb}.`);
    if (!Number.isSafeInteger(idleMs) || idleMs < 0)
      throw new RangeError(`idleMs must be a whole number of milliseconds of at least 0, not ${idleMs}.`);
    this.module = module;
    this.exportName = exportName;
    this.maxMemoryMb = maxMemoryMb;
    this.idleMs = idleMs;
  }
}

/** For types only: in both directions, so that a sandboxed handler of one task fits no other. */
declare const handles: unique symbol;

/** The place of a handler that runs in a thread, in a tree of handlers. */
export type Sandboxed<T extends TaskDefinition> = SandboxSpec & {
  readonly [handles]: (definition: T) => T;
};

/** What a module has to export: a handler made by `defineHandler`. */
type HandlerModule<N extends string> = {
  readonly [K in N]: { readonly definition: TaskDefinition };
};
type OptionsOf<N extends string> = N extends 'default'
  ? [options?: SandboxOptions]
  : [options: SandboxOptions & { readonly exportName: N }];

/**
 * Puts a handler into the tree that runs in a worker thread: work that keeps the processor busy then holds up neither
 * the executor's heartbeats nor its other tasks, and a cancel ends it in any case, after the grace period by ending
 * the thread.
 *
 * The module's own type says which task it handles, and the executor loads it once before it starts and compares its
 * definition with the contract's: a wrong file, export or task does not get as far as a task.
 *
 * ```ts
 * resize: sandboxed<typeof import('../handler/sandbox/resize.ts')>(new URL('../handler/sandbox/resize.ts', import.meta.url)),
 * crop: sandboxed<typeof import('../handler/sandbox/crop.ts'), 'crop'>(new URL('../handler/sandbox/crop.ts', import.meta.url), { exportName: 'crop' }),
 * ```
 *
 * @param module the file with the handler, which is made by `defineHandler`
 * @throws RangeError when an option cannot be used
 */
export function sandboxed<M extends HandlerModule<N> = never, N extends string = 'default'>(
  module: URL,
  ...[options]: OptionsOf<N>
): Sandboxed<M[N]['definition']> {
  return new SandboxSpec(module, options ?? {}) as Sandboxed<M[N]['definition']>;
}
