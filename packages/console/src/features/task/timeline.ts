import type { AnyTaskRecord } from '@longhaul/proto/wire';
import type { Milestone } from './taskState.ts';

/** One line of a task's history. */
export type Moment = {
  readonly key: string;
  readonly at: string;
  readonly what: string;
  readonly detail?: string | undefined;
  readonly tone: 'plain' | 'good' | 'bad' | 'warn';
};

/** What happened, in order: as the events tell it, or the record where they are no longer kept. */
export function timelineOf(record: AnyTaskRecord, milestones: readonly Milestone[]): Moment[] {
  const begin: Moment[] = [
    {
      key: 'accepted',
      at: record.createdAt,
      what: 'Accepted',
      detail: acceptedDetail(record),
      tone: 'plain',
    },
  ];
  if (milestones.length === 0) return [...begin, ...fromRecord(record)];
  let attempt = 0;
  const rest = milestones.flatMap(event => {
    const moments: Moment[] = [];
    // The first event of a short attempt may be its end: it tells when it began.
    const number = 'attempt' in event ? event.attempt : undefined;
    if (number !== undefined && number > attempt) {
      attempt = number;
      const begun = record.attempts.find(one => one.number === number);
      if (event.type !== 'started' && begun)
        moments.push(started(`${event.eventId}-begun`, begun.startedAt, number, begun.executor));
    }
    moments.push(momentOf(event));
    return moments;
  });
  return [...begin, ...rest];
}

function acceptedDetail({ owner, scheduledFor, retryOf, scheduleId }: AnyTaskRecord): string {
  const parts = [
    `by ${owner}`,
    scheduledFor === undefined ? '' : `to start ${new Date(scheduledFor).toLocaleString()}`,
    retryOf === undefined ? '' : 'as a retry',
    scheduleId === undefined ? '' : `by schedule ${scheduleId}`,
  ];
  return parts.filter(Boolean).join(', ');
}

const started = (key: string, at: string, attempt: number, executor: string): Moment => ({
  key,
  at,
  what: attempt === 1 ? 'Started' : `Started, attempt ${attempt}`,
  detail: `on ${executor}`,
  tone: 'plain',
});

function momentOf(event: Milestone): Moment {
  const base = { key: event.eventId, at: event.at };
  switch (event.type) {
    case 'started':
      return started(event.eventId, event.at, event.attempt, event.executor);
    case 'retrying':
      return {
        ...base,
        what: `Attempt ${event.attempt} failed; another follows`,
        detail: `${event.error.code}: ${event.error.message}`,
        tone: 'warn',
      };
    case 'child':
      return { ...base, what: 'Started another task', detail: event.child.name, tone: 'plain' };
    case 'pausing':
      return { ...base, what: 'Pause requested', detail: `by ${event.by}`, tone: 'plain' };
    case 'paused':
      return { ...base, what: 'Paused', detail: 'at a checkpoint of its handler', tone: 'warn' };
    case 'resumed':
      return { ...base, what: 'Resumed', detail: `by ${event.by}`, tone: 'plain' };
    case 'released':
      return {
        ...base,
        what: 'Released',
        detail: 'its executor is stopping; another one takes it',
        tone: 'plain',
      };
    case 'stopping':
      return { ...base, what: 'Cancel requested', detail: event.reason, tone: 'warn' };
    case 'completed':
      return { ...base, what: 'Completed', tone: 'good' };
    case 'failed':
      return { ...base, what: 'Failed', detail: `${event.error.code}: ${event.error.message}`, tone: 'bad' };
    case 'canceled':
      return {
        ...base,
        what: 'Canceled',
        detail: event.handlerStillRunning ? 'its handler had not ended by then' : event.reason,
        tone: 'warn',
      };
  }
}

function fromRecord(record: AnyTaskRecord): Moment[] {
  const attempts = record.attempts.flatMap(({ number, startedAt, endedAt, error, executor }): Moment[] => [
    started(`started-${number}`, startedAt, number, executor),
    ...(error === undefined || endedAt === undefined || endedAt === record.finishedAt
      ? []
      : [
          {
            key: `ended-${number}`,
            at: endedAt,
            what: `Attempt ${number} failed`,
            detail: `${error.code}: ${error.message}`,
            tone: 'warn' as const,
          },
        ]),
  ]);
  if (record.finishedAt === undefined) return attempts;
  const at = record.finishedAt;
  switch (record.status) {
    case 'COMPLETED':
      return [...attempts, { key: 'end', at, what: 'Completed', tone: 'good' }];
    case 'FAILED':
      return [
        ...attempts,
        {
          key: 'end',
          at,
          what: 'Failed',
          detail: record.error && `${record.error.code}: ${record.error.message}`,
          tone: 'bad',
        },
      ];
    case 'CANCELED':
      return [...attempts, { key: 'end', at, what: 'Canceled', detail: record.cancelReason, tone: 'warn' }];
    default:
      return attempts;
  }
}
