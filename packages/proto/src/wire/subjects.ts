import type { CommandRole } from './commands.ts';
import { type EventKind, eventKindSchema } from './event.ts';
import { ownerToken, type Priority, prioritySchema, taskIdSchema, taskTypeSchema } from './names.ts';

/** What a request's subject says. */
export type RequestAddress = {
  /** The task's priority. */
  readonly priority: Priority;
  /** The task's id. */
  readonly id: string;
  /** The task type. */
  readonly name: string;
};
/** Which task: its id, and the type that it is of. */
export type TaskAddress = {
  /** The task's id. */
  readonly id: string;
  /** The task type. */
  readonly name: string;
};
/** What an event's subject says. */
export type EventAddress = TaskAddress & {
  /** The kind of the event. */
  readonly kind: EventKind;
};
/** Which recurring schedule: ids are unique among those of one owner. */
export type ScheduleAddress = {
  /** The owner, as it is. */
  readonly owner: string;
  /** The schedule's id, unique among its owner's. */
  readonly id: string;
};

/**
 * Every subject of one namespace. The task's name stands last, so that `>` filters a name of any depth; the id
 * stands before it, so that one task can be addressed without knowing its name.
 */
export function createSubjects(namespace: string) {
  const eventPrefix = `${namespace}.event.`;
  const livePrefix = `${namespace}.live.`;
  const requestPrefix = `${namespace}.request.`;
  // No id of a task is called "recurring", so a task's own schedule is never taken for one of these.
  const recurringPrefix = `${namespace}.schedule.recurring.`;
  return {
    /** Where a task's request is put: stream TASKS. */
    request: ({ priority, id, name }: RequestAddress) => `${requestPrefix}${priority}.${id}.${name}`,
    /** The request of one task, whatever its priority and name. */
    requestOf: (id: string) => `${requestPrefix}*.${id}.>`,
    /** What the consumer of one name and priority filters by. */
    requestsFor: (name: string, priority: Priority) => `${requestPrefix}${priority}.*.${name}`,
    allRequests: `${requestPrefix}>`,
    /** Where a start in the future waits: stream TASKS, as a message schedule whose target is a request. */
    schedule: ({ id, name }: TaskAddress) => `${namespace}.schedule.${id}.${name}`,
    scheduleOf: (id: string) => `${namespace}.schedule.${id}.>`,
    allSchedules: `${namespace}.schedule.>`,
    /** Where a recurring schedule waits: stream TASKS, as a message schedule whose target is `fire`. */
    recurring: ({ owner, id }: ScheduleAddress) => `${recurringPrefix}${ownerToken(owner)}.${id}`,
    /** Keeps the queue from becoming empty with every task: in its stream, without a consumer. No id has this name. */
    placeholder: `${namespace}.schedule.placeholder`,
    allRecurring: `${recurringPrefix}>`,
    /** What a recurring schedule fires: stream TASKS, taken by gateways. */
    fire: ({ owner, id }: ScheduleAddress) => `${namespace}.fire.${ownerToken(owner)}.${id}`,
    allFires: `${namespace}.fire.>`,
    /** A task's event log: stream TASK_EVENTS. Its kinds have subjects of their own, and one order. */
    event: ({ id, name }: TaskAddress, kind: EventKind) => `${eventPrefix}${id}.${kind}.${name}`,
    /** The events of one task. Every append expects the last event that this filter has. */
    eventsOf: (id: string) => `${eventPrefix}${id}.>`,
    lifecycleOf: (id: string) => `${eventPrefix}${id}.life.>`,
    progressOf: (id: string) => `${eventPrefix}${id}.progress.>`,
    allEvents: `${eventPrefix}>`,
    /**
     * The same events as JetStream republishes them once they are stored. A client that waits for a task's end listens to
     * its kind `life` by its exact subject: for each new subscription with a wildcard the server searches all
     * subjects that it has lately matched.
     */
    live: ({ id, name }: TaskAddress, kind: EventKind) => `${livePrefix}${id}.${kind}.${name}`,
    liveOf: (id: string) => `${livePrefix}${id}.>`,
    allLive: `${livePrefix}>`,
    /** Core request-reply to the executor that runs the task. */
    cancel: (id: string) => `${namespace}.cancel.${id}`,
    /** Core request-reply to the executor that runs the task, if it can be paused. */
    control: (id: string) => `${namespace}.control.${id}`,
    /** Core request-reply to one executor: whether it still works on a task. */
    holder: (executor: string) => `${namespace}.executors.holder.${ownerToken(executor)}`,
    /** What each executor answers of itself. */
    executorStatus: `${namespace}.executors.status`,
    /** Published when a paused name is resumed: executors pull again. */
    executorWake: `${namespace}.executors.wake`,
    /** Published when a permit of a limit may be free: executors with a task that waits for it look. */
    limitFreed: `${namespace}.limits.freed`,
    /** Below this come the answers to commands of one role, which proves who sent a command (see `command.ts`). */
    answers: (role: CommandRole) => `${namespace}.answer.${role}`,
    allAnswers: `${namespace}.answer.>`,
    /** The key of a record in the bucket. */
    recordKey: (owner: string, id: string) => `${ownerToken(owner)}.${id}`,

    /** Reads a request's subject. `undefined`: it is none. */
    parseRequest: (subject: string): RequestAddress | undefined => {
      const [priority, id, ...name] = subject.slice(requestPrefix.length).split('.');
      const parsedPriority = prioritySchema.safeParse(priority);
      const address = parseAddress(id, name);
      if (!subject.startsWith(requestPrefix) || !parsedPriority.success || !address) return undefined;
      return { priority: parsedPriority.data, ...address };
    },
    /** Reads the subject of an event, stored or live. `undefined`: it is none. */
    parseEvent: (subject: string): EventAddress | undefined => {
      const prefix = [eventPrefix, livePrefix].find(candidate => subject.startsWith(candidate));
      if (!prefix) return undefined;
      const [id, kind, ...name] = subject.slice(prefix.length).split('.');
      const parsedKind = eventKindSchema.safeParse(kind);
      const address = parseAddress(id, name);
      return parsedKind.success && address ? { ...address, kind: parsedKind.data } : undefined;
    },
  };
}

/** Every subject of one namespace: what {@link createSubjects} makes. */
export type Subjects = ReturnType<typeof createSubjects>;

function parseAddress(id: string | undefined, name: readonly string[]): TaskAddress | undefined {
  const parsedId = taskIdSchema.safeParse(id);
  const parsedName = taskTypeSchema.safeParse(name.join('.'));
  return parsedId.success && parsedName.success ? { id: parsedId.data, name: parsedName.data } : undefined;
}
