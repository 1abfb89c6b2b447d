import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NatsServerProcess, startNatsServer } from '@longhaul/nats-server';
import { readHandlerLog, type SpawnedService, spawnExecutor, spawnGateway } from '@longhaul/testkit';
import { processorSeconds } from './processorSeconds.ts';

export const namespace = 'storm';
/** A short drain: none of the tasks can end in it. */
const drainMs = 300;

/** One call of a handler; `toMs`: when it returned, or when its executor was asked to end. */
export type HandlerSpan = { readonly id: string; readonly attempt: number; fromMs: number; toMs: number };
type Life = { readonly id: string; readonly service: SpawnedService; askedToEndMs?: number };

/** One nats-server with its files, a gateway and executors, each a process of its own. */
export class StormSystem {
  readonly nats: NatsServerProcess;
  readonly executors: number;
  readonly lives: Life[] = [];
  /** How long nats-server was away when it was restarted last, its start included, in milliseconds. */
  natsAwayMs = 0;
  readonly #folder: string;
  readonly #slots: number;
  readonly #running: Life[] = [];
  #spawned = 0;
  #isEnded = false;
  #gateway: (SpawnedService & { readonly url: string }) | undefined;

  private constructor(folder: string, nats: NatsServerProcess, executors: number, tasks: number) {
    this.#folder = folder;
    this.nats = nats;
    this.executors = executors;
    // All tasks have slots also while one executor is replaced.
    this.#slots = Math.ceil(tasks / (executors - 1));
    // What the handlers of all executors look at; given by the environment, as a deployment does it.
    process.env.STORM_END_FILE = join(folder, 'end');
  }

  static async start(folder: string, executors: number, tasks: number): Promise<StormSystem> {
    const nats = await startNatsServer({ dataDir: join(folder, 'nats') });
    const system = new StormSystem(folder, nats, executors, tasks);
    await Promise.all([
      ...Array.from({ length: executors }, () => system.#spawnExecutor()),
      spawnGateway({ ...system.#common, script: new URL('./processes/gateway.ts', import.meta.url) }).then(
        gateway => {
          system.#gateway = gateway;
        },
      ),
    ]);
    return system;
  }

  get #common() {
    return { natsUrl: this.nats.url, namespace, outputFile: this.outputFile };
  }

  /** What the services log. */
  get outputFile(): string {
    return join(this.#folder, 'services.out');
  }

  get gatewayUrl(): string {
    return this.#gateway?.url ?? '';
  }

  /** Replaces the executors one after the other, as a deployment does. */
  async roll(): Promise<void> {
    for (const life of [...this.#running]) {
      life.askedToEndMs = Date.now();
      this.#running.splice(this.#running.indexOf(life), 1);
      await life.service.stop();
      await this.#spawnExecutor();
    }
  }

  /** Lets all handlers end. */
  endTasks(): void {
    writeFileSync(join(this.#folder, 'end'), '');
  }

  /** Every call of a handler, in the order in which each executor made them. */
  handlerSpans(): HandlerSpan[] {
    return this.lives.flatMap(life => {
      const open = new Map<string, HandlerSpan>();
      const spans: HandlerSpan[] = [];
      for (const { what, id, attempt, atMs } of readHandlerLog(this.#handlerLogOf(life.id))) {
        const key = `${id}/${attempt}`;
        const begun = open.get(key);
        if (what === 'end' && begun) begun.toMs = atMs;
        if (what !== 'start') continue;
        const span = { id, attempt, fromMs: atMs, toMs: life.askedToEndMs ?? Number.POSITIVE_INFINITY };
        open.set(key, span);
        spans.push(span);
      }
      return spans;
    });
  }

  #handlerLogOf(id: string): string {
    return join(this.#folder, `${id}.handlers`);
  }

  /** The processor time that nats-server has used since it was started, in seconds. */
  natsProcessorSeconds(): number {
    return processorSeconds(this.nats.pid);
  }

  async #spawnExecutor(): Promise<void> {
    // A supervisor starts again what failed to start while NATS was away.
    for (;;) {
      this.#spawned += 1;
      const id = `executor-${this.#spawned}`;
      try {
        const service = await spawnExecutor({
          ...this.#common,
          script: new URL('./processes/executor.ts', import.meta.url),
          id,
          concurrency: this.#slots,
          drainMs,
          handlerLog: this.#handlerLogOf(id),
        });
        const life = { id, service };
        this.lives.push(life);
        this.#running.push(life);
        return;
      } catch (error) {
        if (this.#isEnded) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await Promise.all([...this.lives.map(({ service }) => service.kill()), this.#gateway?.kill()]);
    await this.nats.stop();
  }
}
