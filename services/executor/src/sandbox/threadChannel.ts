import { type SentError, sentErrorOf } from './threadErrors.ts';

/** What one side of a channel can be asked to do. `item`: what it sends, any number of times, before it answers. */
export type Methods = {
  readonly [method: string]: {
    readonly args: readonly unknown[];
    readonly result: unknown;
    readonly item: unknown;
  };
};

/** The messages of a channel. Ids are those of the side that calls. */
export type ChannelMessage =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: string;
      readonly args: readonly unknown[];
    }
  /** The caller does not want it any more. It is answered all the same, once it has ended. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'item'; readonly id: number; readonly item: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly why: SentError };

/** What a method is called with, besides its arguments. */
export type CallContext<Item> = {
  /** Aborted when the caller cancels, or with the channel's own signal. */
  readonly signal: AbortSignal;
  readonly send: (item: Item) => void;
};

/** A side's own methods. */
export type Implementation<Own extends Methods> = {
  readonly [M in keyof Own]: (
    context: CallContext<Own[M]['item']>,
    ...args: Own[M]['args']
  ) => Own[M]['result'] | Promise<Own[M]['result']>;
};

/** What a caller may give beside the arguments. */
export type CallOptions<Item> = {
  /** Cancels the call. It then waits for the answer: the other side ends what it does first. */
  readonly signal?: AbortSignal;
  readonly onItem?: (item: Item) => void;
};

type PendingCall = PromiseWithResolvers<unknown> & { readonly onItem: ((item: unknown) => void) | undefined };

export type ChannelSide<Own extends Methods> = {
  readonly post: (message: ChannelMessage) => void;
  readonly own: Implementation<Own>;
  /** Every method of this side ends with it. */
  readonly signal?: AbortSignal;
  /** The error that a caller on this side gets. */
  readonly errorOf: (why: SentError) => unknown;
};

/**
 * Calls between the two threads of a sandboxed handler, over one port: answered, cancelable, and with items on the way.
 * The port keeps the order of messages, so an answer comes after the items before it, and a call that is answered tells
 * that everything sent before it was processed.
 *
 * Why no library: decision 0026.
 */
export class ThreadChannel<Own extends Methods, Other extends Methods> {
  readonly #side: ChannelSide<Own>;
  readonly #pending = new Map<number, PendingCall>();
  readonly #running = new Map<number, AbortController>();
  #lastId = 0;

  constructor(side: ChannelSide<Own>) {
    this.#side = side;
  }

  /**
   * Asks the other side.
   * @throws what `errorOf` makes of the failure there
   */
  async call<M extends keyof Other & string>(
    method: M,
    args: Other[M]['args'],
    { signal, onItem }: CallOptions<Other[M]['item']> = {},
  ): Promise<Other[M]['result']> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { post } = this.#side;
    const pending: PendingCall = { ...Promise.withResolvers<unknown>(), onItem };
    const cancel = () => post({ kind: 'cancel', id });
    this.#pending.set(id, pending);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      post({ kind: 'call', id, method, args });
      return await pending.promise;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#pending.delete(id);
    }
  }

  /** Processes a message of the other side. */
  receive(message: ChannelMessage): void {
    const { id } = message;
    switch (message.kind) {
      case 'call':
        void this.#run(id, message.method, message.args);
        return;
      case 'cancel':
        this.#running.get(id)?.abort();
        return;
      case 'item':
        this.#pending.get(id)?.onItem?.(message.item);
        return;
      case 'answer':
        this.#pending.get(id)?.resolve(message.result);
        return;
      case 'failed':
        this.#pending.get(id)?.reject(this.#side.errorOf(message.why));
    }
  }

  async #run(id: number, method: string, args: readonly unknown[]): Promise<void> {
    const { post, own, signal: until } = this.#side;
    const canceled = new AbortController();
    const signal = until ? AbortSignal.any([until, canceled.signal]) : canceled.signal;
    this.#running.set(id, canceled);
    try {
      // What the types of both sides say of a method is what the other side has called it with.
      const run = own[method] as Implementation<Methods>[string];
      const result = await run({ signal, send: item => post({ kind: 'item', id, item }) }, ...args);
      post({ kind: 'answer', id, result });
    } catch (error) {
      post({ kind: 'failed', id, why: sentErrorOf(error, signal) });
    } finally {
      this.#running.delete(id);
    }
  }
}
