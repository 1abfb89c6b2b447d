import { askAll, type Broker, decode } from '@longhaul/broker';
import { type ExecutorStatus, executorStatusSchema } from '@longhaul/proto/wire';
import { durationText } from '../tasks/duration.ts';
import type { Check, Finding } from './finding.ts';
import { clockFindings } from './serverChecks.ts';

type Found = Omit<Finding, 'check'>;

/** How long executors may take to answer. */
const answers = { stallMs: 300, maxWaitMs: 3_000, maxAnswers: 1_000 };
/** Records that are so far behind are worth a look. */
const lagNote = 10_000;

/** Gateways: that one folds events into records, and keeps up. */
export const gatewayCheck: Check = {
  check: 'gateway',
  run: async ({ broker: { jsm, topology } }) => {
    const { num_pending, num_waiting } = await jsm.consumers.info(
      topology.eventStream,
      topology.consumers.projection.durable_name,
    );
    if (num_waiting === 0 && num_pending > 0)
      return [
        {
          level: 'wrong',
          says: `no gateway takes events: ${num_pending} are not in records`,
          advice: 'Start a gateway (`longhaul gateway`), or look into the log of the one that runs.',
        },
      ];
    if (num_waiting === 0)
      return [
        { level: 'note', says: 'no gateway waits for events', advice: 'Start one: `longhaul gateway`.' },
      ];
    if (num_pending > lagNote)
      return [
        {
          level: 'note',
          says: `records are ${num_pending} events behind`,
          advice: 'Start another gateway, or wait.',
        },
      ];
    return [{ level: 'good', says: `one folds events into records, ${num_pending} behind` }];
  },
};

/** Executors: who answers, and with which versions. */
export const executorCheck: Check = {
  check: 'executors',
  run: async ({ broker }) => {
    const executors = await executorsOf(broker);
    if (executors.length === 0)
      return [
        {
          level: 'note',
          says: 'none answers',
          advice: 'Start one (`longhaul executor`): without it tasks wait.',
        },
      ];
    const slots = executors.reduce((sum, executor) => sum + executor.slots, 0);
    const running = executors.reduce((sum, executor) => sum + executor.running.length, 0);
    const versions = new Set(executors.map(({ version }) => version ?? 'unknown'));
    return [
      {
        level: 'good',
        says: `${executors.length} answer${executors.length === 1 ? 's' : ''}, ${running} of ${slots} slots taken`,
      },
      ...executors.flatMap(({ executor, clockAheadMs }) =>
        clockFindings(`the clock of ${executor}'s machine`, clockAheadMs ?? 0),
      ),
      ...(versions.size > 1
        ? [
            {
              level: 'note' as const,
              says: `their versions differ: ${[...versions].sort().join(', ')}`,
              advice: 'That is right during an upgrade. After it, end the old ones.',
            },
          ]
        : []),
    ];
  },
};

/** Queues: task types that nobody serves, those that are paused, and the task that has waited longest. */
export const queueCheck: Check = {
  check: 'queues',
  run: async ({ broker, waitingMs }) => {
    const served = new Set((await executorsOf(broker)).flatMap(({ tasks }) => tasks));
    const queues = await queuesOf(broker);
    const findings: Found[] = [];
    let oldest: { readonly name: string; readonly ageMs: number } | undefined;
    let waiting = 0;
    for (const { name, pending, paused, oldestMs } of queues) {
      waiting += pending;
      if (paused)
        findings.push({
          level: 'note',
          says: `${name} is paused, ${pending} wait`,
          advice: `Resume it: longhaul types resume ${name}`,
        });
      else if (pending > 0 && !served.has(name))
        findings.push({
          level: 'wrong',
          says: `${pending} task${pending === 1 ? '' : 's'} of ${name} wait, and no executor serves it`,
          advice: 'Start an executor whose handlers and EXECUTOR_TASKS have it.',
        });
      if (!paused && oldestMs !== undefined && oldestMs > (oldest?.ageMs ?? -1))
        oldest = { name, ageMs: oldestMs };
    }
    if (oldest && oldest.ageMs > waitingMs && served.has(oldest.name))
      findings.push({
        level: 'note',
        says: `a task of ${oldest.name} has waited for ${durationText(oldest.ageMs)}`,
        advice: 'Start more executors, raise EXECUTOR_CONCURRENCY, or look whether a limit holds it back.',
      });
    if (findings.length > 0) return findings;
    const longest =
      oldest === undefined ? '' : `, the oldest for ${durationText(oldest.ageMs)} (${oldest.name})`;
    return [
      {
        level: 'good',
        says: `${waiting} task${waiting === 1 ? '' : 's'} wait${waiting === 1 ? 's' : ''}${longest}`,
      },
    ];
  },
};

async function executorsOf(broker: Broker): Promise<ExecutorStatus[]> {
  const subject = broker.topology.subjects.executorStatus;
  return (await askAll(broker, subject, answers)).map(({ data }) =>
    decode(executorStatusSchema, subject, data),
  );
}

type Queue = {
  readonly name: string;
  readonly pending: number;
  readonly paused: boolean;
  /** How long the first of those that were not delivered has been there. */
  readonly oldestMs: number | undefined;
};

/** The queues of all task types that have a consumer, or a request without one: of a type that was never served. */
async function queuesOf(broker: Broker): Promise<Queue[]> {
  const { jsm, topology } = broker;
  const queues = new Map<string, Queue>();
  const add = async (name: string, filter: string, pending: number, paused: boolean, after: number) => {
    const before = queues.get(name);
    const oldestMs = pending > 0 ? await ageOf(broker, filter, after) : undefined;
    queues.set(name, {
      name,
      pending: pending + (before?.pending ?? 0),
      paused: paused || (before?.paused ?? false),
      oldestMs:
        Math.max(oldestMs ?? -1, before?.oldestMs ?? -1) < 0
          ? undefined
          : Math.max(oldestMs ?? 0, before?.oldestMs ?? 0),
    });
  };
  const consumed = new Set<string>();
  const prefix = topology.subjects.allRequests.slice(0, -1);
  for await (const { config, num_pending, paused, delivered } of jsm.consumers.list(topology.requestStream)) {
    const filter = config.filter_subject ?? '';
    if (!filter.startsWith(prefix)) continue;
    // `tasks.request.<priority>.*.<name>`
    const name = filter.slice(prefix.length).split('.').slice(2).join('.');
    consumed.add(filter);
    await add(name, filter, num_pending, paused ?? false, delivered.stream_seq);
  }
  const { state } = await jsm.streams.info(topology.requestStream, {
    subjects_filter: topology.subjects.allRequests,
  });
  const unserved = new Map<string, { name: string; count: number }>();
  for (const subject of Object.keys(state.subjects ?? {})) {
    const address = topology.subjects.parseRequest(subject);
    if (!address) continue;
    const filter = topology.subjects.requestsFor(address.name, address.priority);
    if (consumed.has(filter)) continue;
    const known = unserved.get(filter);
    unserved.set(filter, { name: address.name, count: (known?.count ?? 0) + 1 });
  }
  for (const [filter, { name, count }] of unserved) await add(name, filter, count, false, 0);
  return [...queues.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function ageOf(
  { jsm, topology, clock }: Broker,
  filter: string,
  after: number,
): Promise<number | undefined> {
  const message = await jsm.direct.getMessage(topology.requestStream, {
    seq: after + 1,
    next_by_subj: filter,
  });
  return message ? Math.max(0, clock.nowMs() - message.time.getTime()) : undefined;
}
