import { isTransient, pause, waitBeforeTry } from './retry.ts';

/** An event with the id to resume after. */
export type Tracked<E> = { readonly id: string; readonly data: E };

/** What the iterator hears from one subscription. */
export type SubscriptionObserver<E> = {
  readonly onData: (item: Tracked<E>) => void;
  readonly onError: (error: unknown) => void;
  /** The connection was lost; the subscription may try again by itself, later than we do. */
  readonly onLost: (error: unknown) => void;
  readonly onComplete: () => void;
};
/** Opens a subscription after an event; the result closes it. */
export type Subscribe<E> = (lastEventId: string | undefined, observer: SubscriptionObserver<E>) => () => void;

/**
 * How many events wait for a reader that does not take them. Beyond it the subscription is closed, and opened again
 * after the last event kept once the reader has taken them all: a slow reader needs no more memory, and misses nothing.
 */
export const waitingLimit = 1_000;

/**
 * Reads a stream of events across lost connections and restarts of the gateway: each once, in order (invariant 4,
 * watch-is-complete), since every subscription resumes after the last id that was received.
 *
 * @param onLost told when the connection is lost and another is about to be tried
 * @throws what the subscription fails with, when trying again cannot help
 */
export async function* iterateEvents<E>(
  subscribe: Subscribe<E>,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
  onLost?: (error: unknown) => void,
): AsyncGenerator<Tracked<E>, void, void> {
  let last = lastEventId;
  let tries = 0;
  while (!signal?.aborted) {
    const part = openPart(subscribe, last);
    const wake = () => part.wake();
    signal?.addEventListener('abort', wake);
    let end: PartEnd | undefined;
    try {
      while (!signal?.aborted) {
        const item = part.take();
        if (item) {
          tries = 0;
          last = item.id;
          yield item;
        } else if (part.end()) {
          end = part.end();
          break;
        } else {
          await part.change();
        }
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      part.close();
    }
    if (!end || end.kind === 'complete') return;
    if (end.kind === 'full') continue;
    if (!isTransient(end.error) && end.kind === 'failed') throw end.error;
    tries += 1;
    onLost?.(end.error);
    await pause(waitBeforeTry(tries), signal).catch(() => {});
  }
}

type PartEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'full' }
  | { readonly kind: 'lost'; readonly error: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };

/** One subscription and what it has brought. */
function openPart<E>(subscribe: Subscribe<E>, lastEventId: string | undefined) {
  const items: Tracked<E>[] = [];
  let ended: PartEnd | undefined;
  let changed = Promise.withResolvers<void>();
  const finish = (how: PartEnd) => {
    ended ??= how;
    changed.resolve();
  };
  const close = subscribe(lastEventId, {
    onData: item => {
      if (ended) return;
      items.push(item);
      if (items.length >= waitingLimit) {
        finish({ kind: 'full' });
        // Not within the callback: the subscription may not have been returned yet.
        queueMicrotask(() => close());
      }
      changed.resolve();
    },
    onError: error => finish({ kind: 'failed', error }),
    onLost: error => finish({ kind: 'lost', error }),
    onComplete: () => finish({ kind: 'complete' }),
  });
  return {
    take: () => items.shift(),
    /** How it ended, once everything it brought was taken. */
    end: () => (items.length === 0 ? ended : undefined),
    change: async () => {
      await changed.promise;
      changed = Promise.withResolvers<void>();
    },
    wake: () => changed.resolve(),
    close,
  };
}
