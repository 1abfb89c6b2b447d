import { fitsFilter, type TaskFilter } from '@longhaul/proto/browser';
import type { ListChange, TaskSummary } from '@longhaul/proto/wire';
import { live } from '../../gateway/live.ts';
import { session } from '../../gateway/session.ts';
import { tasks } from '../../gateway/tasks.ts';
import { changedRows } from './changedRows.ts';

/** What a list shows. */
export type ListState = {
  readonly rows: readonly TaskSummary[];
  /** `more`: there are further rows; `all`: there are none. */
  readonly reach: 'loading' | 'more' | 'all';
  readonly error: unknown;
};

/** As many as the gateway gives at once. */
const pageSize = 200;
/** Where far more changes than is worth telling, the list is read again, but not more often than this. */
const leastReloadMs = 2_000;

/**
 * The tasks that fit a filter, newest first: pages of them as they are scrolled to, and kept current by the stream of
 * changes. When that stream begins again, what is shown is read again, so nothing that happened meanwhile is missed.
 */
export class TaskList {
  readonly #filter: TaskFilter;
  readonly #listeners = new Set<() => void>();
  #state: ListState = { rows: [], reach: 'loading', error: undefined };
  #cursor: string | undefined;
  #reading: Promise<void> | undefined;
  #reloadWanted = false;
  #reloadedAtMs = Number.NEGATIVE_INFINITY;
  /** What came while a page was on its way: the page may be older. */
  #changesWhileReading: ListChange[] = [];
  #closed = false;

  constructor(filter: TaskFilter) {
    this.#filter = filter;
  }

  readonly state = (): ListState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Reads the first page and follows the changes. The result ends both. */
  open(): () => void {
    this.#closed = false;
    const stop = live.onChange(change => this.#take(change));
    void this.reload();
    return () => {
      this.#closed = true;
      stop();
    };
  }

  /** Reads the next page, unless one is being read or there is none. */
  loadMore(): void {
    if (this.#reading || this.#state.reach !== 'more') return;
    void this.#read(async () => {
      const page = await tasks.$tasks.list({ ...this.#query(), cursor: this.#cursor });
      this.#show([...this.#state.rows, ...page.tasks], page.nextCursor);
    });
  }

  /** Reads again what is shown. */
  async reload(): Promise<void> {
    this.#reloadWanted = true;
    if (this.#reading) return;
    while (this.#reloadWanted && !this.#closed) {
      this.#reloadWanted = false;
      this.#reloadedAtMs = performance.now();
      const wanted = Math.max(pageSize, this.#state.rows.length);
      await this.#read(async () => {
        const rows: TaskSummary[] = [];
        let cursor: string | undefined;
        do {
          const page = await tasks.$tasks.list({
            ...this.#query(),
            ...(cursor === undefined ? {} : { cursor }),
          });
          rows.push(...page.tasks);
          cursor = page.nextCursor;
        } while (cursor !== undefined && rows.length < wanted && !this.#closed);
        this.#show(rows, cursor);
      });
    }
  }

  #query() {
    const { status, ...rest } = this.#filter;
    return { ...rest, ...(status === undefined ? {} : { status: [...status] }), limit: pageSize };
  }

  #read(work: () => Promise<void>): Promise<void> {
    const reading = work()
      .catch((error: unknown) => {
        session.refused(error);
        this.#set({ ...this.#state, error });
      })
      .finally(() => {
        this.#reading = undefined;
        const missed = this.#changesWhileReading;
        this.#changesWhileReading = [];
        for (const change of missed) this.#take(change);
      });
    this.#reading = reading;
    return reading;
  }

  #take(change: ListChange): void {
    if (change.type !== 'changed') {
      const waitMs = change.type === 'open' ? 0 : this.#reloadedAtMs + leastReloadMs - performance.now();
      setTimeout(() => void this.reload(), Math.max(0, waitMs));
      return;
    }
    if (this.#reading) {
      this.#changesWhileReading.push(change);
      return;
    }
    const rows = changedRows(this.#state.rows, change, {
      fits: task => fitsFilter(task, this.#filter),
      complete: this.#cursor === undefined,
    });
    if (rows !== this.#state.rows) this.#set({ ...this.#state, rows });
  }

  #show(rows: readonly TaskSummary[], cursor: string | undefined): void {
    this.#cursor = cursor;
    this.#set({ rows, reach: cursor === undefined ? 'all' : 'more', error: undefined });
  }

  #set(state: ListState): void {
    if (this.#closed) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
