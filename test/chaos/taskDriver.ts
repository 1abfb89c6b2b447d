import { setTimeout as delay } from 'node:timers/promises';
import type { EndedOutcomeOf, TaskClient, TaskHandle, Tasks } from '@longhaul/client';
import type { TaskDefinition } from '@longhaul/proto';
import type { CancelOutcome, StartOptions, TaskAddress } from '@longhaul/proto/wire';
import { isAway, shapeOf, untilAnswered } from './calls.ts';
import type { Span } from './lives.ts';
import type { ChaosContract } from './processes/contract.ts';
import { type WatchLog, watchOne } from './watching.ts';
import { type ChaosTask, type Owner, owners, type PlannedTask } from './workload.ts';

/** Everything that clients did with one task, and were told of it. */
export type TaskStory = {
  readonly plan: PlannedTask;
  /** Undefined: no start was answered. */
  id?: string;
  /** When its start was sent first: it may have been stored then already, and answered much later. */
  sentAtMs?: number;
  acceptedAtMs?: number;
  /** The id that the repeated start gave. */
  repeatedId?: string;
  repeatedAtMs?: number;
  cancelSentAtMs?: number;
  cancel?: CancelOutcome;
  outcome?: EndedOutcomeOf<TaskDefinition>;
  watch?: WatchLog;
  /** Starts that were refused, or not answered, and tried again. */
  readonly refusals: Refusal[];
  /** What a call answered that it must not. */
  readonly complaints: string[];
};

/** `reason`: what the gateway said; `undefined`: it said nothing. */
export type Refusal = Span & { readonly reason: string | undefined };

/** The client of an owner through a gateway. */
export type ClientOf = (owner: Owner, gateway: number) => Tasks<ChaosContract>;

/** The client of a task type. The union of all of them has no call that takes any of their inputs. */
export function clientOfTask(tasks: Tasks<ChaosContract>, name: ChaosTask): TaskClient<TaskDefinition> {
  const [branch = '', leaf = ''] = name.split('.');
  const branches = tasks as unknown as Record<string, Record<string, TaskClient<TaskDefinition>>>;
  const found = branches[branch]?.[leaf];
  if (!found) throw new Error(`There is no task ${name}.`);
  return found;
}

/** Does with a task what its plan says; resolves when nothing is left to do, or the signal is aborted. Never rejects. */
export async function driveTask(
  plan: PlannedTask,
  clientOf: ClientOf,
  startMs: number,
  signal: AbortSignal,
  onAccepted: (task: TaskAddress) => void,
): Promise<TaskStory> {
  const story: TaskStory = { plan, refusals: [], complaints: [] };
  const attempt = async (what: string, act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (error) {
      const { data, message } = shapeOf(error) ?? {};
      const why = signal.aborted
        ? 'not answered until the end of the run'
        : `${data?.reason ?? error} ${message}`;
      story.complaints.push(`${what}: ${why}`);
    }
  };
  const until = (ms: number) => delay(Math.max(0, ms - Date.now()), undefined, { signal });
  const client = clientOf(plan.owner, plan.gateway);
  const other = clientOf(plan.owner, 1 - plan.gateway);
  const options: StartOptions = {
    priority: plan.priority,
    ...(plan.timeoutMs === undefined ? {} : { policy: { timeoutMs: plan.timeoutMs } }),
    ...(plan.delayMs === undefined ? {} : { delayMs: plan.delayMs }),
    ...(plan.key === undefined ? {} : { idempotencyKey: plan.key }),
  };
  const taskOf = (tasks: Tasks<ChaosContract>) => clientOfTask(tasks, plan.name);
  const start = async (tasks: Tasks<ChaosContract>) => {
    let fromMs = 0;
    return untilAnswered(
      async (): Promise<{ readonly id: string }> => {
        fromMs = Date.now();
        story.sentAtMs ??= fromMs;
        return taskOf(tasks).start(plan.input, options);
      },
      signal,
      error => story.refusals.push({ fromMs, toMs: Date.now(), reason: shapeOf(error)?.data.reason }),
    );
  };
  const accepted = async () => {
    await until(startMs + plan.atMs);
    const { id } = await start(client);
    story.id = id;
    story.acceptedAtMs = Date.now();
    onAccepted({ id, name: plan.name });
    const task = taskOf(client).handle(id);
    await Promise.all([
      plan.cancelAfterMs === undefined
        ? undefined
        : attempt('cancel', () => cancel(task, story.acceptedAtMs ?? 0)),
      plan.pause === undefined ? undefined : attempt('pause', () => pause(id, plan.pause)),
      plan.isWatched ? attempt('watch', () => watch(task)) : undefined,
      plan.isAwaited
        ? attempt('outcome', async () => (story.outcome = await task.outcome({ signal })))
        : undefined,
      plan.isIntrudedUpon ? attempt('intrusion', () => intrude(id)) : undefined,
    ]);
  };
  const repeat = async (afterMs: number) => {
    await until(startMs + plan.atMs + afterMs);
    story.repeatedId = (await start(other)).id;
    story.repeatedAtMs = Date.now();
  };
  const cancel = async (task: TaskHandle<TaskDefinition>, acceptedAtMs: number) => {
    await until(acceptedAtMs + (plan.cancelAfterMs ?? 0));
    story.cancelSentAtMs = Date.now();
    story.cancel = await untilAnswered(() => task.cancel('chaos'), signal);
  };
  const pause = async (id: string, planned: PlannedTask['pause']) => {
    const { afterMs = 0, forMs = 0 } = planned ?? {};
    await until(Date.now() + afterMs);
    const told = await untilAnswered(() => allowed(() => other.$tasks.pause(id)), signal);
    if (!told) return;
    await until(Date.now() + forMs);
    await untilAnswered(() => allowed(() => client.$tasks.resume(id)), signal);
  };
  /** A task that does not run cannot be paused: it waits, or has ended. */
  const allowed = async (call: () => Promise<unknown>): Promise<boolean> => {
    try {
      await call();
      return true;
    } catch (error) {
      if (shapeOf(error)?.data.reason === 'TASK_NOT_RUNNING') return false;
      throw error;
    }
  };
  const watch = async (task: TaskHandle<TaskDefinition>) => {
    const { log, done } = watchOne(task.events({ signal }), task.id, plan.owner);
    story.watch = log;
    await done;
  };
  const intrude = async (id: string) => {
    const stranger = clientOf(owners.find(owner => owner !== plan.owner) ?? plan.owner, 1 - plan.gateway);
    const calls: { readonly [what: string]: () => Promise<unknown> } = {
      get: () => stranger.$tasks.get(id),
      cancel: () => stranger.$tasks.cancel(id),
      result: () => taskOf(stranger).handle(id).outcome({ signal }),
      watch: () => Array.fromAsync(taskOf(stranger).handle(id).events({ signal })),
    };
    for (const [what, call] of Object.entries(calls)) await refused(what, call);
  };
  const refused = async (what: string, call: () => Promise<unknown>) => {
    const answer = await untilAnswered(
      () =>
        call().then(
          () => 'was answered',
          (error: unknown) => {
            if (isAway(error)) throw error;
            return shapeOf(error)?.data.reason ?? String(error);
          },
        ),
      signal,
    );
    if (answer !== 'TASK_NOT_FOUND') story.complaints.push(`another owner's ${what}: ${answer}`);
  };
  await Promise.all([
    attempt('start', accepted),
    plan.repeatAfterMs === undefined
      ? undefined
      : attempt('repeated start', () => repeat(plan.repeatAfterMs ?? 0)),
  ]);
  return story;
}

/**
 * Asks once more for cancels that may have been forgotten: all of them where the event stream, which had them, was deleted;
 * and otherwise those of a task that the repeated start made, with the key that no gateway knew any more. Its client
 * canceled only the first one.
 */
export async function cancelAgain(
  stories: readonly TaskStory[],
  isStreamGone: boolean,
  clientOf: ClientOf,
  signal: AbortSignal,
): Promise<void> {
  const canceled = stories.filter(({ cancel }) => cancel !== undefined);
  const forgotten = canceled.flatMap(({ id, repeatedId, plan }) => {
    const ids = new Set([isStreamGone ? id : undefined, repeatedId === id ? undefined : repeatedId]);
    return [...ids].flatMap(one => (one === undefined ? [] : [{ id: one, plan }]));
  });
  await Promise.all(
    forgotten.map(async ({ id, plan }) => {
      const { $tasks } = clientOf(plan.owner, plan.gateway);
      // Where its record was deleted as well, there is nothing left to cancel.
      await untilAnswered(() => $tasks.cancel(id), signal).catch((error: unknown) => {
        if (shapeOf(error)?.data.reason !== 'TASK_NOT_FOUND') throw error;
      });
    }),
  );
}
