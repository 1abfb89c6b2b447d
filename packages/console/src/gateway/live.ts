import type { ListChange } from '@longhaul/proto/wire';
import { onTokenChange } from './credentials.ts';
import { nextToken, session } from './session.ts';
import { tasks } from './tasks.ts';

/** `paused`: the page is hidden, so it holds no connection. */
export type Connection = 'connecting' | 'live' | 'lost' | 'paused';

type Listener = (change: ListChange) => void;

/**
 * The one stream of changes that every page lives on: lists take theirs from it, and what it says of a task tells
 * that task's page to look again. While the tab is hidden there is no stream (browsers allow six connections to one
 * host over HTTP/1.1, and people keep more tabs than that); when it is seen again the stream begins again with `open`.
 */
class Live {
  #connection: Connection = 'connecting';
  #run: AbortController | undefined;
  readonly #changeListeners = new Set<Listener>();
  readonly #connectionListeners = new Set<() => void>();

  /** Begins to follow, for as long as the page lives. */
  start(): void {
    document.addEventListener('visibilitychange', () => this.#follow());
    onTokenChange(() => this.#restart());
    this.#follow();
  }

  readonly connection = (): Connection => this.#connection;

  readonly onConnection = (listener: () => void): (() => void) => {
    this.#connectionListeners.add(listener);
    return () => this.#connectionListeners.delete(listener);
  };

  readonly onChange = (listener: Listener): (() => void) => {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  };

  #restart(): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#follow();
  }

  #follow(): void {
    if (document.hidden) {
      this.#run?.abort();
      this.#run = undefined;
      this.#set('paused');
    } else if (!this.#run) {
      this.#run = new AbortController();
      this.#set('connecting');
      void this.#read(this.#run.signal);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const onLost = () => this.#set('lost');
    while (!signal.aborted) {
      try {
        for await (const change of tasks.$tasks.watchList({ signal, onLost })) {
          if (signal.aborted) return;
          this.#set('live');
          for (const listener of this.#changeListeners) listener(change);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#set('lost');
        // What is no fault of the way passes only with other credentials, or another page.
        session.refused(error);
        await nextToken(signal).catch(() => {});
      }
    }
  }

  #set(connection: Connection): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    for (const listener of this.#connectionListeners) listener();
  }
}

export const live = new Live();
