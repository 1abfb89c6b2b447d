import type { TaskDefinition } from '@longhaul/proto';
import { isTerminal, type TaskStatus } from '@longhaul/proto/browser';
import type { AnyTaskRecord, ContractPart, TaskEventOf } from '@longhaul/proto/wire';
import type { Sample } from './timeLeft.ts';

/** An event as the page gets it; `eventId` is its place in the stream. */
export type TaskEvent = TaskEventOf<TaskDefinition> & { readonly eventId: string };
export type LogLine = Extract<TaskEvent, { type: 'log' }>;
export type Milestone = Exclude<TaskEvent, { type: 'log' | 'progress' | 'snapshot' | 'unfit' | 'dropped' }>;

/** What the events of a task have told so far. */
export type Story = {
  readonly lastEventId: string | undefined;
  /** Everything but progress and log. */
  readonly milestones: readonly Milestone[];
  readonly log: readonly LogLine[];
  /** How many earlier lines are there and not shown. */
  readonly logHidden: number;
  /** How many lines were not stored any more when the page came to them. */
  readonly logDropped: number;
  /** The ordinal of the last line, over the whole task. */
  readonly logLast: number;
  readonly attempt: number;
  readonly progress: unknown;
  /** What of the task's events does not fit the gateway's contract. */
  readonly unfit: readonly ContractPart[];
  /** Of the current attempt. */
  readonly samples: readonly Sample[];
};

export const noStory: Story = {
  lastEventId: undefined,
  milestones: [],
  log: [],
  logHidden: 0,
  logDropped: 0,
  logLast: 0,
  attempt: 0,
  progress: undefined,
  unfit: [],
  samples: [],
};

/** A page that shows more lines than this is slow; the oldest lines are dropped. */
export const logLimit = 2_000;
const sampleLimit = 400;

/** Goes on with the story. Events come once, in order. */
export function tell(story: Story, events: readonly TaskEvent[]): Story {
  let { attempt, progress, samples, logDropped, logLast } = story;
  const milestones = [...story.milestones];
  const log = [...story.log];
  const unfit = new Set(story.unfit);
  for (const event of events) {
    if ('unfit' in event) for (const part of event.unfit ?? []) unfit.add(part);
    // What was dropped shows in the ordinals of the lines that are left.
    if (event.type === 'snapshot' || event.type === 'dropped') continue;
    if ('attempt' in event && event.attempt !== undefined && event.attempt !== attempt) {
      attempt = event.attempt;
      samples = [];
      progress = undefined;
    }
    if (event.type === 'log') {
      log.push(event);
      logDropped += Math.max(0, event.ordinal - logLast - 1);
      logLast = event.ordinal;
    } else if (event.type === 'progress') {
      progress = event.progress;
      const percent = percentIn(progress);
      if (percent !== undefined)
        samples = [...samples.slice(-sampleLimit), { atMs: Date.parse(event.at), percent }];
    } else if (event.type !== 'unfit') milestones.push(event);
  }
  const hidden = Math.max(0, log.length - logLimit);
  return {
    lastEventId: events.at(-1)?.eventId ?? story.lastEventId,
    milestones,
    log: log.slice(hidden),
    logHidden: story.logHidden + hidden,
    logDropped,
    logLast,
    attempt,
    progress,
    unfit: [...unfit],
    samples,
  };
}

/** By convention a progress may have a number called `percent`. */
export function percentIn(progress: unknown): number | undefined {
  const percent = partOf(progress, 'percent');
  return typeof percent === 'number' && Number.isFinite(percent)
    ? Math.min(100, Math.max(0, percent))
    : undefined;
}

/** And a text called `description`. */
export function descriptionIn(progress: unknown): string | undefined {
  const description = partOf(progress, 'description');
  return typeof description === 'string' && description !== '' ? description : undefined;
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** What the page shows of the task: its record, and what has happened since it was read. */
export type TaskNow = {
  readonly status: TaskStatus;
  readonly progress: unknown;
  readonly output: unknown;
  readonly error: AnyTaskRecord['error'];
  readonly finishedAt: string | undefined;
};

/**
 * A record is written a moment after its events, so the latest milestone may be ahead of it. What it says of the status
 * counts until the record has it too.
 */
export function taskNow(record: AnyTaskRecord, story: Story): TaskNow {
  const last = story.milestones.at(-1);
  const ahead = last !== undefined && Number(last.eventId) > record.seq && !isTerminal(record.status);
  const now: TaskNow = {
    status: record.status,
    progress: isTerminal(record.status)
      ? (record.progress ?? story.progress)
      : (story.progress ?? record.progress),
    output: record.output,
    error: record.error,
    finishedAt: record.finishedAt,
  };
  if (!ahead) return now;
  switch (last.type) {
    case 'started':
      return { ...now, status: 'RUNNING', error: undefined };
    case 'retrying':
      return { ...now, status: 'RETRYING', error: last.error };
    case 'paused':
      return { ...now, status: 'PAUSED' };
    case 'resumed':
      return record.status === 'PAUSED' ? { ...now, status: 'RUNNING' } : now;
    // What does not move the status.
    case 'child':
    case 'pausing':
      return now;
    case 'stopping':
      return { ...now, status: 'STOPPING' };
    case 'released':
      return { ...now, status: 'PENDING' };
    case 'completed':
      return { ...now, status: 'COMPLETED', output: last.output, finishedAt: last.at };
    case 'failed':
      return { ...now, status: 'FAILED', error: last.error, finishedAt: last.at };
    case 'canceled':
      return { ...now, status: 'CANCELED', finishedAt: last.at };
  }
}
