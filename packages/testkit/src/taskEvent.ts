import {
  type LifecycleChange,
  nextState,
  statuses,
  type TaskEvent,
  type TaskState,
  type Topology,
} from '@longhaul/proto/wire';
import { PubHeaders } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';

type Output = Extract<TaskEvent, { type: 'progress' | 'log' }>;
type OutputBody = Output extends infer E
  ? E extends Output
    ? Omit<E, 'v' | 'owner' | 'at' | 'ordinal'>
    : never
  : never;
type LifecycleBody = LifecycleChange extends infer E
  ? E extends LifecycleChange
    ? Omit<E, 'at'>
    : never
  : never;

/**
 * An event as it might stand in a log, where a test does not care about the state that it carries: that after a history
 * in which the event can follow.
 */
export function taskEvent(
  body: (OutputBody | LifecycleBody) &
    Partial<Pick<TaskEvent, 'at' | 'owner' | 'task'>> & { ordinal?: number },
): TaskEvent {
  const { type } = body;
  const head = { v: 2 as const, owner: 'alice', at: '2026-01-01T00:00:00.000Z' };
  if (type === 'progress' || type === 'log') return { ordinal: 1, ...head, ...body } as TaskEvent;
  const attempt = ('attempt' in body && body.attempt) || 0;
  for (const status of statuses) {
    const before: TaskState = { status, attempt, failures: 0, losses: 0, events: 0 };
    const state = nextState(before, { ...head, ...body } as LifecycleChange);
    if (state) return { ...head, ...body, state } as TaskEvent;
  }
  throw new Error(`Nothing can be followed by ${type}.`);
}

/** The headers of a message that was appended to a task's log, as they are stored with it. */
export function appendedHeaders(topology: Topology, taskId: string, after = 0): MsgHdrs {
  const appended = headers();
  appended.set(PubHeaders.ExpectedLastSubjectSequenceHdr, String(after));
  appended.set(PubHeaders.ExpectedLastSubjectSequenceSubjectHdr, topology.subjects.eventsOf(taskId));
  return appended;
}
