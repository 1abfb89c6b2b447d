import type { Broker } from '@longhaul/broker';
import { within } from '@longhaul/testing';

/** Listens to the live events of all tasks and remembers when each reported progress. */
export class ProgressFeed {
  readonly #lastMs = new Map<string, number>();
  readonly #longestGapMs = new Map<string, number>();
  #listeners = new Set<(id: string) => void>();

  constructor(broker: Broker) {
    const { subjects } = broker.topology;
    broker.nc.subscribe(subjects.allLive, {
      callback: (error, message) => {
        if (error) return;
        const parsed = subjects.parseEvent(message.subject);
        if (parsed?.kind === 'progress') this.#arrived(parsed.id);
      },
    });
  }

  /** Resolves when each task has reported progress after this moment, with how long that took in milliseconds. */
  async allReport(ids: ReadonlySet<string>, limitMs: number): Promise<number> {
    const fromMs = performance.now();
    const missing = new Set(ids);
    const all = Promise.withResolvers<void>();
    const listener = (id: string) => {
      missing.delete(id);
      if (missing.size === 0) all.resolve();
    };
    this.#listeners.add(listener);
    try {
      await within('all tasks report progress', all.promise, limitMs);
    } catch {
      throw new Error(`${missing.size} of ${ids.size} tasks report no progress within ${limitMs} ms`);
    } finally {
      this.#listeners.delete(listener);
    }
    return Math.round(performance.now() - fromMs);
  }

  /** The longest time without progress that a task has had since this was asked last, in milliseconds. */
  takeLongestStallMs(): number {
    const longest = Math.max(0, ...this.#longestGapMs.values());
    this.#longestGapMs.clear();
    return Math.round(longest);
  }

  #arrived(id: string): void {
    const nowMs = performance.now();
    const gapMs = nowMs - (this.#lastMs.get(id) ?? nowMs);
    this.#lastMs.set(id, nowMs);
    this.#longestGapMs.set(id, Math.max(gapMs, this.#longestGapMs.get(id) ?? 0));
    for (const listener of this.#listeners) listener(id);
  }
}
