/**
 * How many handlers of one executor may wait without a slot. Beyond it no more tasks of their names are taken: else an
 * executor that gets ten thousand parents would begin them all before it runs their first child.
 */
export const lendLimit = 64;

/**
 * The slots of an executor: each running handler holds one, and lends it while it does nothing but wait.
 *
 * That is what keeps an executor from standing still whose slots are all held by parents: as long as a handler waits
 * for a child, its slot is somebody else's. So every slot that is held belongs to a handler that does something, and
 * therefore comes to an end, or to a wait, or is ended by a limit; and each such time the next one that wants its slot
 * back gets it, before anything new is taken. Nobody waits for a slot whose holder waits for them.
 *
 * The limit to lending keeps that: it holds back the names of those that wait, and none that somebody here waits for.
 */
export class SlotPool {
  readonly size: number;
  readonly #onFree: () => void;
  #held = 0;
  /** By the name of the task that waits. */
  readonly #lent = new Counts();
  /** By the name of the task that is waited for. */
  readonly #awaited = new Counts();
  /** Those that want a lent slot back, in the order in which they began to want it. */
  #wanting: Slot[] = [];

  /** @param onFree told when there may be room for something new */
  constructor(size: number, onFree: () => void = () => {}) {
    this.size = size;
    this.#onFree = onFree;
  }

  /** How many new handlers may begin. */
  get free(): number {
    return this.size - this.#held;
  }

  /** How many handlers run without a slot, since they wait. */
  get lent(): number {
    return this.#lent.total;
  }

  /** Whether tasks of a name may be taken, as far as the limit to lending goes. */
  takes(name: string): boolean {
    return this.#lent.total < lendLimit || this.#lent.of(name) === 0 || this.#awaited.of(name) > 0;
  }

  /** Takes a slot for a new handler of a task. `undefined`: there is none. */
  take(name: string): Slot | undefined {
    if (this.free <= 0 || !this.takes(name)) return undefined;
    this.#held += 1;
    return new Slot(name, {
      free: () => this.#free(),
      lend: () => {
        this.#lent.add(name);
        this.#free();
      },
      unlend: () => this.#lent.remove(name),
      want: slot => this.#want(slot),
      unwant: slot => {
        this.#wanting = this.#wanting.filter(other => other !== slot);
      },
      awaits: awaited => {
        this.#awaited.add(awaited);
        this.#onFree();
      },
      awaitsNoMore: awaited => this.#awaited.remove(awaited),
      tryToTake: () => {
        // Whoever wants a lent slot back was here first: then nothing is free.
        if (this.free <= 0) return false;
        this.#held += 1;
        return true;
      },
    });
  }

  #free(): void {
    const next = this.#wanting.shift();
    if (next) {
      next.granted();
      return;
    }
    this.#held -= 1;
    this.#onFree();
  }

  #want(slot: Slot): void {
    if (this.free <= 0) {
      this.#wanting.push(slot);
      return;
    }
    this.#held += 1;
    slot.granted();
  }
}

/** What a slot tells its pool. */
type Pool = {
  readonly free: () => void;
  readonly lend: () => void;
  readonly unlend: () => void;
  readonly want: (slot: Slot) => void;
  readonly unwant: (slot: Slot) => void;
  readonly awaits: (name: string) => void;
  readonly awaitsNoMore: (name: string) => void;
  readonly tryToTake: () => boolean;
};

/** One handler's slot. */
export class Slot {
  readonly name: string;
  readonly #pool: Pool;
  #state: 'held' | 'lent' | 'wanted' | 'left' | 'over' = 'held';
  #waits = 0;
  #wanted: PromiseWithResolvers<void> | undefined;

  constructor(name: string, pool: Pool) {
    this.name = name;
    this.#pool = pool;
  }

  /** Whether its handler has it now: not while it is lent, left or over. */
  get isHeld(): boolean {
    return this.#state === 'held';
  }

  /**
   * Lends the slot while the handler waits, from the first wait until the last has ended: so also while it does
   * something beside a wait, which cannot be told from here. Resolves when the wait has ended and the handler has a slot
   * again. When the signal is aborted it does not wait for that: a handler that is told to end must be able to, and ends
   * without one.
   *
   * @param awaited the name of the task that is waited for, if it is one
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

  /** Gives it up before the handler is called: the task waits for a place of a limit. */
  leave(): void {
    if (this.#state !== 'held') return;
    this.#state = 'left';
    this.#pool.free();
  }

  /** Takes one again. `false`: none is free. */
  tryToEnter(): boolean {
    if (this.#state === 'left' && this.#pool.tryToTake()) this.#state = 'held';
    return this.#state === 'held';
  }

  /** The handler has ended. */
  release(): void {
    const state = this.#state;
    this.#state = 'over';
    if (state === 'held') this.#pool.free();
    if (state === 'wanted') this.#pool.unwant(this);
    if (state === 'lent' || state === 'wanted') this.#pool.unlend();
    this.#wanted?.resolve();
  }

  /** The pool gives it back. */
  granted(): void {
    this.#state = 'held';
    this.#pool.unlend();
    this.#wanted?.resolve();
  }

  #lend(): void {
    if (this.#state === 'held') {
      this.#state = 'lent';
      this.#pool.lend();
    } else if (this.#state === 'wanted') this.#stopWanting();
  }

  /** Another wait has begun, or the signal was aborted: the handler goes on without it. */
  #stopWanting(): void {
    if (this.#state !== 'wanted') return;
    this.#state = 'lent';
    this.#pool.unwant(this);
    this.#wanted?.resolve();
  }

  async #takeBack(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'lent' || signal.aborted) return;
    this.#state = 'wanted';
    const wanted = Promise.withResolvers<void>();
    this.#wanted = wanted;
    const stopWanting = () => this.#stopWanting();
    signal.addEventListener('abort', stopWanting, { once: true });
    this.#pool.want(this);
    await wanted.promise;
    signal.removeEventListener('abort', stopWanting);
  }
}

/** How often each name is there. */
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
