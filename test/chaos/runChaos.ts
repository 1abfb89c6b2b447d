import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@longhaul/client';
import type { TaskAddress } from '@longhaul/proto/wire';
import { acceptedIsDurable } from './checks/acceptedIsDurable.ts';
import { cancelMeansStop } from './checks/cancelMeansStop.ts';
import { crashRecovers } from './checks/crashRecovers.ts';
import { endsOnce } from './checks/endsOnce.ts';
import { firesOnce } from './checks/firesOnce.ts';
import { limitsHold, mostAtOnce } from './checks/limitsHold.ts';
import { logsAreWellFormed } from './checks/logsAreWellFormed.ts';
import { nothingGrows } from './checks/nothingGrows.ts';
import { ownerOnly } from './checks/ownerOnly.ts';
import { recordIsFold } from './checks/recordIsFold.ts';
import { refusedStarts } from './checks/refusedStarts.ts';
import { runsAlone } from './checks/runsAlone.ts';
import type { Violation } from './checks/violation.ts';
import { watchIsComplete } from './checks/watchIsComplete.ts';
import { EventArchive } from './eventArchive.ts';
import { collectEvidence, openStores, watchersCaughtUp } from './evidence.ts';
import { planFaults } from './faultPlan.ts';
import { writeGarbage } from './foreignWriter.ts';
import { fillStore, planFullStore } from './fullStore.ts';
import { injectFaults } from './injectFaults.ts';
import { deleteAtRandom, planDeletions } from './person.ts';
import type { ChaosContract } from './processes/contract.ts';
import { driveSchedule, plannedSchedules, readHistories } from './recurring.ts';
import { reportViolations } from './report.ts';
import { readServiceErrors } from './serviceErrors.ts';
import { settle } from './settle.ts';
import { superviseNats } from './superviseNats.ts';
import { System } from './system.ts';
import { type ClientOf, cancelAgain, driveTask } from './taskDriver.ts';
import { watchAll } from './watching.ts';
import { owners, planTasks } from './workload.ts';

export type ChaosOptions = {
  /** Repeats the plan: which tasks, what is done with them, which process suffers when. Not the scheduling. */
  readonly seed: number;
  readonly tasks: number;
  /** How long tasks are started and processes are killed. */
  readonly seconds: number;
  readonly say: (line: string) => void;
  /** Keeps the folder with the stores, handler logs and the services' output. */
  readonly keep?: boolean;
};
export type ChaosResult = { readonly violations: readonly Violation[]; readonly report: string };

/** How long clients and stores get to come to rest once all processes are well again. */
const settleMs = 60_000;
const checks = [
  acceptedIsDurable,
  endsOnce,
  recordIsFold,
  watchIsComplete,
  cancelMeansStop,
  runsAlone,
  limitsHold,
  firesOnce,
  refusedStarts,
  logsAreWellFormed,
];

/** Runs tasks while processes die, lets everything come to rest, and checks the invariants over all that is left. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, tasks, seconds, say, keep } = options;
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-chaos-'));
  if (keep) say(`files: ${folder}`);
  try {
    await using system = await System.start(folder);
    await using stores = await openStores(system);
    const unsupervised = new AbortController();
    const supervising = superviseNats(system, say, unsupervised.signal);
    await using ending = new AsyncDisposableStack();
    ending.defer(() => {
      unsupervised.abort();
      return supervising;
    });
    const { broker } = stores;
    const clientOf = makeClients(system);
    const startMs = Date.now();
    const forMs = seconds * 1_000;
    const faults = planFaults(seed, forMs);
    const plannedDeletions = planDeletions(seed, forMs);
    const plans = planTasks(seed, tasks, forMs);
    say(
      `seed ${seed}: ${plans.length} tasks, ${faults.length} faults and ${plannedDeletions.length} deletions within ${seconds} s`,
    );
    const archive = new EventArchive(broker);

    const giveUp = new AbortController();
    const watchers = owners.map((owner, index) => watchAll(clientOf(owner, index), owner, giveUp.signal));
    const accepted: TaskAddress[] = [];
    const driving = Promise.all(
      plans.map(plan => driveTask(plan, clientOf, startMs, giveUp.signal, task => accepted.push(task))),
    );
    const quiet = new AbortController();
    const scheduling = Promise.all(
      plannedSchedules.map(plan => driveSchedule(plan, clientOf, quiet.signal, giveUp.signal)),
    );
    const writing = writeGarbage(broker, seed, () => accepted, quiet.signal);
    const [deletions, fulls] = await Promise.all([
      deleteAtRandom(broker, archive, plannedDeletions, startMs, say),
      fillStore(broker, planFullStore(seed, forMs), startMs, say),
      injectFaults(system, faults, startMs, say),
    ]);
    quiet.abort();
    await writing;
    // From here on: on a busy machine a restart takes its time, and what clients mean to do must still be done.
    const deadline = setTimeout(() => giveUp.abort(), settleMs);
    const [stories, schedules] = await Promise.all([driving, scheduling]);
    clearTimeout(deadline);
    const isStreamGone = deletions.some(({ part }) => part === 'events');
    await cancelAgain(stories, isStreamGone, clientOf, AbortSignal.timeout(settleMs));
    const left = await settle(broker, settleMs);
    say(`${((Date.now() - startMs) / 1_000).toFixed(1)} s: ${left ?? 'everything has settled'}`);
    await readHistories(schedules, clientOf);
    const watches = watchers.map(({ log }) => log);
    const witnessed = { stories, schedules, watchesOfAll: watches, deletions, fulls };
    const evidence = await collectEvidence(system, broker, archive, witnessed);
    archive.close();
    await watchersCaughtUp(evidence);
    giveUp.abort();
    await Promise.all(watchers.map(({ done }) => done));

    const violations = checks.flatMap(check => check(evidence));
    if (left !== undefined) violations.push({ invariant: 'accepted-is-durable', what: left });
    const { signal } = new AbortController();
    violations.push(...(await ownerOnly(clientOf, evidence.records, signal)));
    const probe = await crashRecovers(system, broker, clientOf);
    violations.push(...probe.violations);
    await settle(broker, settleMs);
    violations.push(...(await nothingGrows(system, broker)));
    violations.push(...system.crashes.map(what => ({ invariant: 'survives', what })));

    const { events, records, runs } = evidence;
    say(
      `${records.size} records, ${schedules.reduce((sum, { last }) => sum + (last?.counts.started ?? 0), 0)} of schedules, ${events.length} events, ${archive.foreign} foreign messages, ${runs.length} handler calls (${runs.filter(({ end }) => end === 'killed').length} killed, at most ${mostAtOnce(runs)} at once); recovery ${probe.slowestMs} ms`,
    );
    for (const line of await readServiceErrors(system)) say(line);
    return {
      violations,
      report: violations.length === 0 ? '' : reportViolations(violations, evidence, startMs),
    };
  } finally {
    if (!keep) await rm(folder, { recursive: true, force: true });
  }
}

/** One client per owner and gateway, as an application has them. */
function makeClients(system: System): ClientOf {
  const clients = new Map(
    owners.flatMap(owner =>
      [0, 1].map(gateway => [
        `${owner}/${gateway}`,
        createClient<ChaosContract>({
          url: system.gatewayUrl(gateway),
          headers: () => ({ 'x-owner': owner }),
        }),
      ]),
    ),
  );
  return (owner, gateway) => {
    const client = clients.get(`${owner}/${gateway}`);
    if (!client) throw new Error(`There is no gateway ${gateway}.`);
    return client;
  };
}
