import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createBroker } from '@longhaul/broker';
import { createClient } from '@longhaul/client';
import { startNatsServer } from '@longhaul/nats-server';
import { createTopology, recordSchema } from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { type SpawnedService, spawnExecutor, spawnGateway } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { seededRandom } from '../chaos/seededRandom.ts';
import { checkLogs } from '../cluster/faults/checkLogs.ts';
import { type Figures, newFigures } from '../cluster/faults/figures.ts';
import { type Now, Workload } from '../cluster/faults/workload.ts';
import type { VersionsContract } from './fixture/contract.ts';

type Release = 'previous' | 'current';
type Gateway = SpawnedService & { readonly url: string };
export type VersionsOptions = {
  /** Repeats the order of tasks. */
  readonly seed: number;
  /** How long each state of the system lasts, in seconds. */
  readonly seconds: number;
  /** The folder with the previous release and the fixture. */
  readonly project: string;
  readonly say: (line: string) => void;
};

/**
 * An upgrade and its reversal under load: all of the previous release; both releases, in both roles, whose executors are
 * killed and rolled; all of the current release; both again; all of the previous release again. What runs while the
 * release changes is read through the other one. Then every task is compared with its event log and its record.
 */
export async function runVersions(options: VersionsOptions): Promise<Figures> {
  const figures = newFigures();
  const namespace = freshNamespace();
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-versions-nats-'));
  await using removing = new AsyncDisposableStack();
  removing.defer(() => rm(dataDir, { recursive: true, force: true }));
  await using nats = await startNatsServer({ dataDir });
  const folders: Record<Release, string> = {
    previous: options.project,
    current: join(import.meta.dirname, 'fixture'),
  };
  const running: SpawnedService[] = [];
  const common = { natsUrl: nats.url, namespace, concurrency: 10 };
  const spawned = async <S extends SpawnedService>(starting: Promise<S>): Promise<S> => {
    const service = await starting;
    running.push(service);
    return service;
  };
  const script = (release: Release, role: string) => pathToFileURL(join(folders[release], `${role}.ts`));
  const gateway = (release: Release) =>
    spawned(spawnGateway({ ...common, script: script(release, 'gateway') }));
  const executor = (release: Release) =>
    spawned(spawnExecutor({ ...common, script: script(release, 'executor') }));

  const nc = await connect({ servers: nats.url });
  try {
    const now: Now = { fault: '' };
    const accepted = new Set<string>();
    const random = seededRandom(options.seed, 'tasks');
    /** Has the load go through these gateways while something is done to the system. */
    const during = async (what: string, gateways: readonly Gateway[], act: () => Promise<unknown>) => {
      now.fault = what;
      options.say(what);
      const load = new Workload(
        gateways.map(({ url }) => url),
        figures,
        random,
        now,
      );
      const ending = new AbortController();
      const working = load.run(ending.signal);
      await Promise.all([act(), delay(1_000 * options.seconds)]);
      ending.abort();
      await working;
      await load.settle();
      for (const id of load.accepted) accepted.add(id);
    };
    /** Starts tasks through one gateway, has the release change, and reads their results through the other. */
    const across = async (from: Gateway, to: Gateway, change: () => Promise<unknown>) => {
      const client = ({ url }: Gateway) => createClient<VersionsContract>({ url }).script.count;
      const started = await Promise.all(
        Array.from({ length: 5 }, () => client(from).start({ steps: 20, stepMs: 100 })),
      );
      for (const { id } of started) accepted.add(id);
      await change();
      for (const { id } of started) {
        const { steps } = await client(to).handle(id).result();
        if (steps !== 20) figures.disagreeing.push(`${id} counted ${steps} of 20`);
      }
    };
    const before = await gateway('previous');
    let earlier = await executor('previous');
    await during('the previous release alone', [before], async () => {});

    const after = await gateway('current');
    let later = await executor('current');
    /** Kills and rolls one executor of each release, one after the other. */
    const roll = async () => {
      for (const end of ['kill', 'stop'] as const) {
        await earlier[end]();
        earlier = await executor('previous');
        await later[end]();
        later = await executor('current');
      }
    };
    await during('both, after the upgrade began', [before, after], roll);
    await across(before, after, async () => {
      await Promise.all([before.stop(), earlier.stop()]);
    });
    await during('the current release alone', [after], async () => {});

    const again = await gateway('previous');
    earlier = await executor('previous');
    await during('both, after the downgrade began', [after, again], roll);
    await across(after, again, async () => {
      await Promise.all([after.stop(), later.stop()]);
    });
    await during('the previous release again', [again], async () => {});

    const broker = await createBroker(nc, createTopology(namespace));
    const readRecord = async (id: string) => {
      const message = await broker.jsm.streams.getMessage(broker.topology.bucketStream, {
        last_by_subj: broker.topology.recordSubject('local', id),
      });
      return message && message.data.length > 0 ? recordSchema.parse(message.json()) : undefined;
    };
    await checkLogs(broker, accepted, readRecord, figures);
  } finally {
    await Promise.all(running.map(service => service.kill()));
    await nc.close();
  }
  return figures;
}
