import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Broker, createBroker, encodeRequest, ensureTopology, publishRequest } from '@longhaul/broker';
import { createExecutor, type HandlersOf } from '@longhaul/executor';
import { createTopology, isTerminal, recordOfRequest, type TaskEvent } from '@longhaul/proto/wire';
import { freshNamespace, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { pino } from 'pino';
import { cancelTask } from '../../services/gateway/src/tasks/steer/cancelTask.ts';
import { LateCancels } from '../../services/gateway/src/tasks/steer/lateCancels.ts';

/** What came of the tasks of a race. */
export type Raced = {
  /** Tasks of which a handler was called, and of which none was. */
  readonly begun: number;
  readonly unbegun: number;
  /** Tasks whose `canceled` came while a handler of theirs ran. */
  readonly behindCanceled: readonly string[];
  /** Tasks with another end than one `canceled`. */
  readonly oddEnds: readonly (readonly string[])[];
  /** Handlers that run still. */
  readonly running: number;
};

const name = 'script.hang';
const lanes = 12;
/** How long after its start a task is canceled at the latest, while it waits for one of the few slots. */
const longestMs = 4;
const logger = pino({ level: 'silent' });

/**
 * Starts tasks and cancels each of them within a few milliseconds. There are fewer slots than tasks, so a task waits until
 * the cancel of another one has freed a slot: some are delivered before their cancel looks, some at that moment, and some
 * never. Starts, cancels and executors each have another one of the servers.
 *
 * @param urls the addresses of nats-servers, of one or of a cluster
 * @param replicas on how many of them everything is kept
 */
export async function raceCancels(urls: readonly string[], replicas: 1 | 3, tasks: number): Promise<Raced> {
  const namespace = freshNamespace();
  const url = (at: number) => urls[at % urls.length] ?? '';
  const open = async (at: number) => {
    const nc = await connect({ servers: url(at) });
    return createBroker(nc, createTopology(namespace, { replicas }));
  };
  const [starter, canceler] = [await open(0), await open(1)];
  await ensureTopology(starter);
  const running = new Set<string>();
  const begun = new Set<string>();
  const hang: HandlersOf<ScriptedContract>['script']['hang'] = async context => {
    begun.add(context.task.id);
    running.add(context.task.id);
    try {
      return await scriptedHandlers.script.hang(context);
    } finally {
      running.delete(context.task.id);
    }
  };
  const executors = await Promise.all(
    [1, 2].map(at =>
      createExecutor({
        contract: scriptedContract,
        handlers: { script: { ...scriptedHandlers.script, hang } },
        nats: { servers: url(at) },
        namespace,
        concurrency: 1,
        logger,
      }),
    ),
  );
  const behindCanceled: string[] = [];
  const ends = new Map<string, { types: string[]; ended: PromiseWithResolvers<void> }>();
  const watch = starter.nc.subscribe(starter.topology.subjects.allLive, {
    callback: (_error, message) => {
      const { type } = message.json<TaskEvent>();
      const id = starter.topology.subjects.parseEvent(message.subject)?.id ?? '';
      if (type !== 'canceled' && type !== 'completed' && type !== 'failed') return;
      if (type === 'canceled' && running.has(id)) behindCanceled.push(id);
      ends.get(id)?.types.push(type);
      ends.get(id)?.ended.resolve();
    },
  });
  await starter.nc.flush();
  const lateCancels = new LateCancels(logger, (task, reason) =>
    cancelTask(canceler, task, reason, { onUnread: () => {}, isLate: true }),
  );
  const race = async (delayMs: number): Promise<void> => {
    const id = randomUUID();
    const ended = Promise.withResolvers<void>();
    ends.set(id, { types: [], ended });
    const head = {
      v: 1 as const,
      owner: 'local',
      createdAt: starter.clock.now(),
      priority: 'normal' as const,
    };
    const outgoing = encodeRequest(starter.payloads, { id, name }, head, {});
    const record = recordOfRequest(id, name, outgoing.request);
    const onUnread = () => lateCancels.add(record, undefined);
    const [, { status }] = await Promise.all([
      publishRequest(starter, outgoing, id, { isFirst: true }),
      after(delayMs, () => cancelTask(canceler, record, undefined, { onUnread })),
    ]);
    if (!isTerminal(status)) await within(`the end of task ${id}`, ended.promise, 60_000);
  };
  let left = tasks;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (left > 0) {
        left -= 1;
        await race(Math.random() * longestMs);
      }
    }),
  );
  lateCancels.stop();
  await within('the last events', Promise.all([...ends.values()].map(({ ended }) => ended.promise)), 60_000);
  watch.unsubscribe();
  await Promise.all(executors.map(executor => executor.stop({ drainMs: 0 })));
  await removeStreams(starter, namespace);
  await Promise.all([starter, canceler].map(({ nc }) => nc.close()));
  const oddEnds = [...ends.values()].map(({ types }) => types).filter(types => types.join() !== 'canceled');
  return { begun: begun.size, unbegun: tasks - begun.size, behindCanceled, oddEnds, running: running.size };
}

/** Calls something so many milliseconds from now, at once where that is less than none; finer than a timer can. */
async function after<T>(ms: number, call: () => Promise<T>): Promise<T> {
  for (const atMs = performance.now() + ms; performance.now() < atMs; ) await nextTurn();
  return call();
}

async function removeStreams({ jsm }: Broker, namespace: string): Promise<void> {
  for await (const { config } of jsm.streams.list())
    if (config.name.toLowerCase().includes(namespace)) await jsm.streams.delete(config.name);
}
