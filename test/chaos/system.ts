import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type NatsServerProcess, startNatsServer } from '@longhaul/nats-server';
import { type SpawnedService, type SpawnOptions, spawnExecutor, spawnGateway } from '@longhaul/testkit';
import { type Target, targets } from './faultPlan.ts';
import { maxFileStoreBytes } from './fullStore.ts';
import { type Life, type Span, stillMs } from './lives.ts';

/** How many tasks one executor runs at once. */
export const concurrency = 20;
export const namespace = 'chaos';
/** A short drain, so that handlers are really released. */
const drainMs = 600;
/** What failed to start (while NATS was away) is started again after this long, as a supervisor does. */
const respawnMs = 300;

const gatewayScript = new URL('./processes/gateway.ts', import.meta.url);
const executorScript = new URL('./processes/executor.ts', import.meta.url);

type Running = { readonly service: SpawnedService; readonly life: Life };

/** The whole system as processes of their own: one nats-server, two gateways on fixed ports, three executors. */
export class System {
  readonly folder: string;
  readonly nats: NatsServerProcess;
  /** The address of the server's monitoring. */
  readonly monitorUrl: string;
  readonly gatewayPorts: readonly number[];
  readonly lives: Life[] = [];
  readonly natsOutages: Span[] = [];
  /** What ended without being told to. */
  readonly crashes: string[] = [];
  readonly #running = new Map<Target, Running>();
  #spawned = 0;

  private constructor(folder: string, nats: NatsServerProcess, ports: readonly number[]) {
    this.folder = folder;
    this.nats = nats;
    this.monitorUrl = `http://127.0.0.1:${ports[0]}`;
    this.gatewayPorts = ports.slice(1);
  }

  static async start(folder: string): Promise<System> {
    const ports = await freePorts(3);
    const nats = await startNatsServer({
      dataDir: join(folder, 'nats'),
      configText: `http: "127.0.0.1:${ports[0]}"\njetstream { max_file_store: ${maxFileStoreBytes} }\n`,
    });
    const system = new System(folder, nats, ports);
    await Promise.all(targets.filter(target => target !== 'nats').map(target => system.spawn(target)));
    return system;
  }

  gatewayUrl(index: number): string {
    return `http://127.0.0.1:${this.gatewayPorts[index]}`;
  }

  handlerLogOf(life: Life): string {
    return join(this.folder, `${life.id}.handlers`);
  }

  outputOf(target: Target): string {
    return join(this.folder, `${target}.out`);
  }

  running(target: Target): Running {
    const found = this.#running.get(target);
    if (!found) throw new Error(`${target} is not running.`);
    return found;
  }

  /** Starts a process, again and again while it cannot start. */
  async spawn(target: Target): Promise<void> {
    this.#spawned += 1;
    const id = `${target}.${this.#spawned}`;
    const common = { natsUrl: this.nats.url, namespace, outputFile: this.outputOf(target) };
    for (;;) {
      try {
        const service = await this.#spawnOnce(target, id, common);
        const life: Life = { target, id, pid: service.pid, readyAtMs: Date.now(), pauses: [] };
        this.lives.push(life);
        this.#running.set(target, { service, life });
        void service.ended.then(how => {
          life.endedAtMs = Date.now();
          if (life.endSentAtMs === undefined) this.crashes.push(`${id} ended by itself (${how})`);
        });
        return;
      } catch {
        await delay(respawnMs);
      }
    }
  }

  #spawnOnce(target: Target, id: string, common: SpawnOptions): Promise<SpawnedService> {
    if (target.startsWith('gateway')) {
      const port = this.gatewayPorts[target === 'gateway-1' ? 0 : 1] ?? 0;
      return spawnGateway({ ...common, script: gatewayScript, port });
    }
    const handlerLog = join(this.folder, `${id}.handlers`);
    return spawnExecutor({ ...common, script: executorScript, id, concurrency, drainMs, handlerLog });
  }

  /** Ends a process and waits until it is gone. */
  async end(target: Target, kind: 'kill' | 'stop'): Promise<void> {
    const { service, life } = this.running(target);
    life.endSentAtMs = Date.now();
    life.wasKilled = kind === 'kill';
    if (kind === 'kill') await service.kill();
    else await service.stop();
    this.#running.delete(target);
  }

  async pause(target: Target, forMs: number): Promise<void> {
    const { service, life } = this.running(target);
    const span: Span = { fromMs: Date.now(), toMs: stillMs };
    life.pauses.push(span);
    service.signal('SIGSTOP');
    try {
      await delay(forMs);
    } finally {
      service.signal('SIGCONT');
      span.toMs = Date.now();
    }
  }

  /**
   * Takes the nats-server away for a time: ended and started again on the same files, or paused.
   *
   * @param fromMs since when it has been away already. Default: now
   */
  async natsOutage(kind: 'kill' | 'stop' | 'pause', forMs: number, fromMs = Date.now()): Promise<void> {
    const span: Span = { fromMs, toMs: stillMs };
    this.natsOutages.push(span);
    if (kind === 'pause') process.kill(this.nats.pid, 'SIGSTOP');
    else await this.nats.kill(kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
    try {
      await delay(forMs);
    } finally {
      if (kind === 'pause') process.kill(this.nats.pid, 'SIGCONT');
      else await this.nats.restart();
      span.toMs = Date.now();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { service, life } of this.#running.values()) {
      life.endSentAtMs ??= Date.now();
      await service.kill();
    }
    await this.nats.stop();
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  return Promise.all(
    servers.map(server => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      return new Promise<number>(resolve => server.close(() => resolve(port)));
    }),
  );
}
