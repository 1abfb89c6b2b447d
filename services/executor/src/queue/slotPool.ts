/**
 * How many handlers of one executor may wait without a slot. Beyond it, no more tasks of their types are accepted: else
 * an executor that gets ten thousand parents would begin them all before it runs their first child.
 */
export const lendLimit = 64;

/**
 * The slots of an executor: each running handler holds one, and lends it while it only waits.
 *
 * Without lending, an executor whose slots are all held by parents could never run their children. While a handler waits
 * for a child, another task uses its slot. So every held slot belongs to a handler that works; sooner or later that
 * handler ends, waits, or is ended by a time limit. Each time, the next handler that reclaims its slot gets it, before a
 * new task is accepted. So no handler waits for a slot whose holder waits for that handler.
 *
 * The limit to lending keeps this true: it refuses types of tasks that wait, but none that a handler here waits for.
 */
export class SlotPool {
  readonly size: number;
  readonly #onFree: () => void;
  #held = 0;
  /** By the type of the task that waits. */
  readonly #lent = new Counts();
  /** By the type of the task that is waited for. */
  readonly #awaited = new Counts();
  /** Slots whose handlers reclaim them, in order. */
  #reclaiming: Slot[] = [];

  /** @param onFree called when a new task may be accepted */
  constructor(size: number, onFree: () => void = () => {}) {
    this.size = size;
    this.#onFree = onFree;
  }

  /** How many new tasks may begin. */
  get free(): number {
    return this.size - this.#held;
  }

  /** How many handlers have lent their slot. */
  get lent(): number {
    return this.#lent.total;
  }

  /** Whether the limit to lending allows one more task of a type. */
  accepts(name: string): boolean {
    return this.#lent.total < lendLimit || this.#lent.of(name) === 0 || this.#awaited.of(name) > 0;
  }

  /** Takes a slot for a new task of a type. `undefined`: there is none. */
  acquire(name: string): Slot | undefined {
    if (this.free <= 0 || !this.accepts(name)) return undefined;
    this.#held += 1;
    return new Slot(name, {
      free: () => this.#free(),
      lend: () => {
        this.#lent.add(name);
        this.#free();
      },
      unlend: () => this.#lent.remove(name),
      reclaim: slot => this.#reclaim(slot),
      stopReclaiming: slot => {
        this.#reclaiming = this.#reclaiming.filter(other => other !== slot);
      },
      awaits: awaited => {
        this.#awaited.add(awaited);
        this.#onFree();
      },
      awaitsNoMore: awaited => this.#awaited.remove(awaited),
      tryToAcquire: () => {
        // A handler that reclaims its slot comes first: then none is free.
        if (this.free <= 0) return false;
        this.#held += 1;
        return true;
      },
    });
  }

  #free(): void {
    const next = this.#reclaiming.shift();
    if (next) {
      next.granted();
      return;
    }
    this.#held -= 1;
    this.#onFree();
  }

  #reclaim(slot: Slot): void {
    if (this.free <= 0) {
      this.#reclaiming.push(slot);
      return;
    }
    this.#held += 1;
    slot.granted();
  }
}

/** What a slot asks of its pool. */
type Pool = {
  readonly free: () => void;
  readonly lend: () => void;
  readonly unlend: () => void;
  readonly reclaim: (slot: Slot) => void;
  readonly stopReclaiming: (slot: Slot) => void;
  readonly awaits: (name: string) => void;
  readonly awaitsNoMore: (name: string) => void;
  readonly tryToAcquire: () => boolean;
};

/** One handler's slot. */
export class Slot {
  readonly name: string;
  readonly #pool: Pool;
  #state: 'held' | 'lent' | 'reclaimed' | 'vacated' | 'released' = 'held';
  #waits = 0;
  #reclaimed: PromiseWithResolvers<void> | undefined;

  constructor(name: string, pool: Pool) {
    this.name = name;
    this.#pool = pool;
  }

  /** Whether its task has it now: not while it is lent, vacated or released. */
  get isHeld(): boolean {
    return this.#state === 'held';
  }

  /**
   * Lends the slot while the handler waits, from its first wait until its last has ended: so also while it works beside a
   * wait, which cannot be seen from here. Resolves when the wait has ended and the handler has a slot again. Once the
   * signal is aborted it resolves without a slot: a handler that must end must not wait for one.
   *
   * @param awaited the type of the task that is waited for, if it is one
   */
  async lendWhile<T>(awaited: string | undefined, signal: AbortSignal, wait: () => Promise<T>): Promise<T> {
    this.#waits += 1;
    this.#lend();
    if (awaited !== undefined) this.#pool.awaits(awaited);
    try {
      return await wait();
    } finally {
      if (awaited !== undefined) this.#pool.awaitsNoMore(awaited);
      this.#waits -= 1;
      if (this.#waits === 0) await this.#takeBack(signal);
    }
  }

  /** Gives the slot back before the handler is called: the task waits for a permit. */
  vacate(): void {
    if (this.#state !== 'held') return;
    this.#state = 'vacated';
    this.#pool.free();
  }

  /** Takes a slot again. `false`: none is free. */
  tryToReacquire(): boolean {
    if (this.#state === 'vacated' && this.#pool.tryToAcquire()) this.#state = 'held';
    return this.#state === 'held';
  }

  /** The handler has ended. */
  release(): void {
    const state = this.#state;
    this.#state = 'released';
    if (state === 'held') this.#pool.free();
    if (state === 'reclaimed') this.#pool.stopReclaiming(this);
    if (state === 'lent' || state === 'reclaimed') this.#pool.unlend();
    this.#reclaimed?.resolve();
  }

  /** Called by the pool: the handler has a slot again. */
  granted(): void {
    this.#state = 'held';
    this.#pool.unlend();
    this.#reclaimed?.resolve();
  }

  #lend(): void {
    if (this.#state === 'held') {
      this.#state = 'lent';
      this.#pool.lend();
    } else if (this.#state === 'reclaimed') this.#stopReclaiming();
  }

  /** Another wait has begun, or the signal was aborted: the handler continues without a slot. */
  #stopReclaiming(): void {
    if (this.#state !== 'reclaimed') return;
    this.#state = 'lent';
    this.#pool.stopReclaiming(this);
    this.#reclaimed?.resolve();
  }

  async #takeBack(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'lent' || signal.aborted) return;
    this.#state = 'reclaimed';
    const reclaimed = Promise.withResolvers<void>();
    this.#reclaimed = reclaimed;
    const stopReclaiming = () => this.#stopReclaiming();
    signal.addEventListener('abort', stopReclaiming, { once: true });
    this.#pool.reclaim(this);
    await reclaimed.promise;
    signal.removeEventListener('abort', stopReclaiming);
  }
}

/** Counts by task type. */
class Counts {
  readonly #byName = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  of(name: string): number {
    return this.#byName.get(name) ?? 0;
  }

  add(name: string): void {
    this.#total += 1;
    this.#byName.set(name, this.of(name) + 1);
  }

  remove(name: string): void {
    this.#total -= 1;
    const left = this.of(name) - 1;
    if (left > 0) this.#byName.set(name, left);
    else this.#byName.delete(name);
  }
}
