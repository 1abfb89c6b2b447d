import type { ConcurrencyLimit, TaskLimits } from '../contract/taskLimits.ts';
import { concurrencyKeyLimit } from '../contract/taskLimits.ts';
import type { TaskRequest } from '../wire/request.ts';
import type { Topology } from '../wire/topology.ts';

/** The permits of one limit that a task needs one of. */
export type RequiredPermit = Pick<ConcurrencyLimit, 'limit' | 'whenBusy'> & {
  /** The key of the permits' record in the bucket. */
  readonly record: string;
  /** The name under which the permits are shared: the limit's group, or the task type. */
  readonly group: string;
  /** What the limit is counted by, where it has a key. */
  readonly key: string | undefined;
};

/**
 * The keys of a task's limits that have one, in their order.
 *
 * @param input as it was parsed
 * @throws TypeError when a key is no text, or too long
 */
export function concurrencyKeysOf(limits: TaskLimits, input: unknown): string[] {
  return limits.concurrency.flatMap(({ key }) => {
    if (!key) return [];
    const found: unknown = key(input);
    if (typeof found === 'string' && found.length <= concurrencyKeyLimit && found.isWellFormed())
      return [found];
    throw new TypeError(
      `The key of a limit of concurrency must be a text of at most ${concurrencyKeyLimit} characters, not ${JSON.stringify(found)?.slice(0, 200)}.`,
    );
  });
}

/** Whether a request names the keys of all limits that have one: else its executor computes them from its input. */
export function namesKeys(
  limits: TaskLimits,
  { concurrencyKeys }: Pick<TaskRequest, 'concurrencyKeys'>,
): boolean {
  return limits.concurrency.filter(({ key }) => key).length === (concurrencyKeys?.length ?? 0);
}

/**
 * The permits that a task needs before it begins. Those that it keeps to its end come first, and all in the order of
 * their records: so two tasks never each hold what the other waits for.
 */
export function requiredPermits(
  topology: Topology,
  name: string,
  limits: TaskLimits,
  keys: readonly string[],
): readonly RequiredPermit[] {
  let next = 0;
  return limits.concurrency
    .map(({ limit, whenBusy, group = name, key: hasKey }) => {
      const key = hasKey ? keys[next++] : undefined;
      return { limit, whenBusy, group, key, record: topology.permitsKey(group, key) };
    })
    .sort(
      (a, b) =>
        Number(a.whenBusy === 'queue') - Number(b.whenBusy === 'queue') || (a.record < b.record ? -1 : 1),
    );
}
