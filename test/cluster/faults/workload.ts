import { setTimeout as delay } from 'node:timers/promises';
import { createClient, gatewayErrorOf, type TaskHandle } from '@longhaul/client';
import type { ScriptedContract } from '@longhaul/testkit';
import type { SeededRandom } from '../../chaos/seededRandom.ts';
import { type Figures, note } from './figures.ts';

/** How often a task is started. */
const everyMs = 120;
/** A wait that is open for so long has been forgotten: no single fault lasts as long. */
const hungAfterMs = 120_000;
const steps = 8;
const stepMs = 100;

const kinds = { short: 4, keyed: 2, limited: 3, watched: 3, canceled: 2 } as const;
type Kind = keyof typeof kinds;
type Client = ReturnType<typeof createClient<ScriptedContract>>;
/** What is done to the system now: durations are noted under it. */
export type Now = { fault: string };

/** Starts tasks of each kind steadily, through both gateways, until it is told to end; then waits for all of them. */
export class Workload {
  readonly #clients: readonly Client[];
  readonly #figures: Figures;
  readonly #random: SeededRandom;
  readonly #now: Now;
  readonly #under = new Set<Promise<void>>();
  /** The ids of accepted tasks. */
  readonly accepted = new Set<string>();

  constructor(urls: readonly string[], figures: Figures, random: SeededRandom, now: Now) {
    this.#clients = urls.map(url => createClient<ScriptedContract>({ url, headers: () => ({}) }));
    this.#figures = figures;
    this.#random = random;
    this.#now = now;
  }

  async run(end: AbortSignal): Promise<void> {
    for (let n = 0; !end.aborted; n += 1) {
      const kind = this.#random.weighted(kinds);
      const { fault } = this.#now;
      const began = performance.now();
      const task = this.#one(kind, n, fault).catch((error: unknown) => {
        const said = gatewayErrorOf(error);
        const after = `after ${Math.round(performance.now() - began)} ms`;
        this.#figures.refused.push(
          `${kind} during ${fault}, ${after}: ${said?.reason ?? ''} ${String(error)}`,
        );
      });
      this.#under.add(task);
      void task.finally(() => this.#under.delete(task));
      await delay(everyMs);
    }
  }

  /** Waits for the tasks that are under way. */
  async settle(): Promise<void> {
    const over = await Promise.race([Promise.all(this.#under).then(() => true), delay(hungAfterMs, false)]);
    if (!over) this.#figures.hung.push(`${this.#under.size} calls`);
  }

  async #one(kind: Kind, n: number, fault: string): Promise<void> {
    const tasks = this.#clients[n % this.#clients.length]?.script;
    const other = this.#clients[(n + 1) % this.#clients.length]?.script;
    if (!tasks || !other) throw new Error('A gateway is needed.');
    const began = performance.now();
    const started = <H extends { readonly id: string }>(handle: H): H => {
      note(this.#figures, fault, 'startMs', performance.now() - began);
      this.accepted.add(handle.id);
      return handle;
    };
    const ended = (what: 'shortMs' | 'limitedMs') =>
      note(this.#figures, fault, what, performance.now() - began);
    if (kind === 'short') {
      const output = await started(await tasks.echo.start({ text: `${n}` })).result();
      ended('shortMs');
      this.#agree(output.text === `${n}`, `echo ${n} answered ${output.text}`);
    } else if (kind === 'keyed') {
      const key = { idempotencyKey: `key ${n}` };
      const [one, same] = await Promise.all(
        [tasks, other].map(async through => started(await through.echo.start({ text: `${n}` }, key))),
      );
      this.#agree(one?.id === same?.id, `one key, two tasks: ${one?.id} ${same?.id}`);
      await same?.result();
      ended('shortMs');
    } else if (kind === 'limited') {
      await started(await tasks.oneByOne.start({ key: `k${n % 3}`, forMs: 20 })).result();
      ended('limitedMs');
    } else if (kind === 'watched') {
      const task = started(await tasks.count.start({ steps, stepMs }));
      await this.#watch(other.count.handle(task.id), fault);
    } else {
      const task = started(await tasks.hang.start({}));
      await delay(this.#random.whole(0, 600));
      await this.#untilTaken(fault, () => other.hang.handle(task.id).cancel('enough'));
      const { status } = await task.outcome();
      this.#agree(status === 'CANCELED', `${task.id} was canceled and is ${status}`);
    }
  }

  async #watch(task: TaskHandle<ScriptedContract['script']['count']>, fault: string): Promise<void> {
    let lastAt = performance.now();
    let lastId = -1;
    let last = '';
    for await (const event of task.events()) {
      note(this.#figures, fault, 'stallMs', performance.now() - lastAt);
      lastAt = performance.now();
      const id = Number(event.eventId);
      this.#agree(id > lastId || event.type === 'snapshot', `${task.id}: event ${id} after ${lastId}`);
      lastId = id;
      last = event.type;
    }
    this.#agree(last === 'completed' || last === 'snapshot', `${task.id}: its stream ended with ${last}`);
  }

  /** Counts each refusal of a call, and makes it again: a person would. */
  async #untilTaken<R>(fault: string, call: () => Promise<R>): Promise<R> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const said = gatewayErrorOf(error);
        if (!said) throw error;
        this.#figures.refused.push(`cancel during ${fault}: ${said.reason} ${said.message}`);
        await delay(500);
      }
    }
  }

  #agree(holds: boolean, otherwise: string): void {
    if (!holds) this.#figures.disagreeing.push(otherwise);
  }
}
