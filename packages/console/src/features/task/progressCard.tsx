import { isTerminal } from '@longhaul/proto/browser';
import type { AnyTaskRecord } from '@longhaul/proto/wire';
import { cellText } from '../../components/dataShape.ts';
import { ProgressBar } from '../../components/progress.tsx';
import { Elapsed, useNowMs } from '../../components/time.tsx';
import { durationText } from '../../components/timeText.ts';
import { titleOf } from '../../form/schema.ts';
import { descriptionIn, percentIn, type Story, type TaskNow } from './taskState.ts';
import { timeLeftMs } from './timeLeft.ts';

/** How far the task is: a bar, what it does just now, the time it has taken and still takes, and what else it tells. */
export function ProgressCard({
  record,
  now,
  story,
}: {
  readonly record: AnyTaskRecord;
  readonly now: TaskNow;
  readonly story: Story;
}) {
  const { status } = now;
  const percent = status === 'COMPLETED' ? 100 : percentIn(now.progress);
  const ended = isTerminal(status);
  // It ended without a word of how far it was: its status and its end say all there is.
  if (ended && now.progress === undefined) return null;
  const waiting = status === 'PENDING' || status === 'SCHEDULED';
  return (
    <section className="card progress-card" aria-label="Progress">
      <div className="progress-line">
        <strong className="percent">
          {percent === undefined ? (ended ? '–' : '…') : `${Math.round(percent)} %`}
        </strong>
        <span className="what" aria-live="polite">
          {whatNow(record, now)}
        </span>
        <span className="muted small nowrap">
          {record.startedAt !== undefined && (
            <>
              <Elapsed from={record.startedAt} to={now.finishedAt} />
              {status === 'RUNNING' && <TimeLeft story={story} />}
            </>
          )}
        </span>
      </div>
      <ProgressBar
        percent={percent ?? (ended || waiting ? 0 : undefined)}
        status={status}
        label="Progress of the task"
        tall
      />
      <Details progress={now.progress} />
    </section>
  );
}

function whatNow(record: AnyTaskRecord, { status, progress }: TaskNow): string {
  switch (status) {
    case 'SCHEDULED':
      return `Starts ${new Date(record.scheduledFor ?? record.createdAt).toLocaleString()}`;
    case 'PENDING':
      return 'Waits for an executor with a free slot';
    case 'PAUSED':
      return 'Paused at a checkpoint until it is resumed';
    case 'STOPPING':
      return 'Its handler was told to end';
    case 'RETRYING':
      return record.nextAttemptAt === undefined
        ? 'Waits for its next attempt'
        : `The next attempt starts ${new Date(record.nextAttemptAt).toLocaleTimeString()}`;
    default:
      return descriptionIn(progress) ?? (status === 'RUNNING' ? 'Running' : '');
  }
}

function TimeLeft({ story }: { readonly story: Story }) {
  const left = timeLeftMs(story.samples, useNowMs());
  return left === undefined ? null : <> · about {durationText(Math.ceil(left / 1_000) * 1_000)} left</>;
}

const shownApart = new Set(['percent', 'description']);

/** What the task's progress tells beside percentage and description, each by its name. */
function Details({ progress }: { readonly progress: unknown }) {
  if (typeof progress !== 'object' || progress === null) return null;
  const parts = Object.entries(progress).filter(([key]) => !shownApart.has(key));
  if (parts.length === 0) return null;
  return (
    <dl className="details">
      {parts.map(([key, value]) => (
        <div key={key}>
          <dt>{titleOf(key.replace(/Ms$/, ''))}</dt>
          <dd>{typeof value === 'number' && key.endsWith('Ms') ? durationText(value) : cellText(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
