import type { TaskDefinition } from '@longhaul/proto';

/** Options of {@link sandboxed}. */
export type SandboxOptions = {
  /**
   * The memory of a thread in MiB, heap and buffers together. A thread that takes more is ended, and its attempt fails with
   * `SANDBOX_CRASHED`. Garbage that is not collected yet counts, so allow twice what the handler holds. Default: 1,024.
   */
  readonly maxMemoryMb?: number;
  /** Milliseconds for which an idle thread is kept, with the modules that it has loaded. Default: 60,000. */
  readonly idleMs?: number;
};

/** The module of a sandboxed handler, and the options of its threads. Made by {@link sandboxed}. */
export class SandboxSpec {
  readonly module: URL;
  readonly exportName: string;
  readonly maxMemoryMb: number;
  readonly idleMs: number;

  constructor(module: URL, options: SandboxOptions & { readonly exportName?: string }) {
    const { exportName = 'default', maxMemoryMb = 1_024, idleMs = 60_000 } = options;
    if (module.protocol !== 'file:')
      throw new RangeError(
        `A sandboxed handler is a file: write new URL('./file.ts', import.meta.url), not ${module.href}.`,
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

/** For types only. It ties a sandboxed handler to its definition in both directions, so that it fits no other task. */
declare const handles: unique symbol;

/** A sandboxed handler in a tree of handlers. Made by {@link sandboxed}. */
export type Sandboxed<T extends TaskDefinition> = SandboxSpec & {
  readonly [handles]: (definition: T) => T;
};

/** A module that exports a handler made by `defineHandler`. */
type HandlerModule<N extends string> = {
  readonly [K in N]: { readonly definition: TaskDefinition };
};
type OptionsOf<N extends string> = N extends 'default'
  ? [options?: SandboxOptions]
  : [options: SandboxOptions & { readonly exportName: N }];

/**
 * Names a handler that runs in a worker thread. Work that keeps the processor busy then delays neither the executor's
 * heartbeats nor its other tasks, and a cancel always ends it: after the grace period the thread is ended.
 *
 * The module's type tells the compiler which task it handles. The executor loads the module once at its start and compares
 * its definition with the contract's, so that a wrong file, export or task fails the start and not a task.
 *
 * @param module the URL of the file with the handler, which is made by `defineHandler`
 * @param options memory and idle time of the threads; `exportName` where the handler is not the default export
 * @throws RangeError when the module is no file, or an option is out of range
 *
 * @example
 * ```ts
 * const handlers = {
 *   resize: sandboxed<typeof import('./resize.ts')>(new URL('./resize.ts', import.meta.url)),
 *   crop: sandboxed<typeof import('./crop.ts'), 'crop'>(new URL('./crop.ts', import.meta.url), {
 *     exportName: 'crop',
 *     maxMemoryMb: 512,
 *   }),
 * };
 * ```
 */
export function sandboxed<M extends HandlerModule<N> = never, N extends string = 'default'>(
  module: URL,
  ...[options]: OptionsOf<N>
): Sandboxed<M[N]['definition']> {
  return new SandboxSpec(module, options ?? {}) as Sandboxed<M[N]['definition']>;
}
