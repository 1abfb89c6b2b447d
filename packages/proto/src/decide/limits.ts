import type { TaskPolicy } from '../contract/taskPolicy.ts';
import type { TaskRequest } from '../wire/request.ts';

/** The policy of one task: the definition's, with what its start set instead. */
export function policyOf(policy: TaskPolicy, request: Pick<TaskRequest, 'policy'>): TaskPolicy {
  const { maxAttempts, backoff, timeoutMs, totalTimeoutMs } = request.policy ?? {};
  return {
    ...policy,
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(backoff === undefined ? {} : { backoff }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(totalTimeoutMs === undefined ? {} : { totalTimeoutMs }),
  };
}

/** When a task has to end, in milliseconds since the epoch: counted from when it was to start. `undefined`: never. */
export function deadlineOf(
  policy: Pick<TaskPolicy, 'totalTimeoutMs'>,
  request: Pick<TaskRequest, 'createdAt' | 'scheduledFor'>,
): number | undefined {
  if (policy.totalTimeoutMs === 0) return undefined;
  return Date.parse(request.scheduledFor ?? request.createdAt) + policy.totalTimeoutMs;
}
