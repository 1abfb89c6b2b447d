import type { AnyTaskRecord, TaskType } from '@longhaul/proto';
import { isTerminal, statusAsOf } from '@longhaul/proto/browser';
import { useQuery } from '@tanstack/react-query';
import { CircleAlert, FileQuestion } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { Link, useParams } from 'wouter';
import { usePageTitle } from '../../app/pageTitle.ts';
import { ButtonLink } from '../../components/button.tsx';
import { CodeBlock, CopyButton } from '../../components/copyButton.tsx';
import { DataCard, Readable } from '../../components/dataView.tsx';
import { Empty, Failed, Skeleton } from '../../components/states.tsx';
import { Status, statusWord } from '../../components/status.tsx';
import { Elapsed, Instant } from '../../components/time.tsx';
import { faultOf } from '../../gateway/faults.ts';
import { taskQuery, typesQuery } from '../../gateway/queries.ts';
import { LogCard } from './logCard.tsx';
import { ProgressCard } from './progressCard.tsx';
import { clientCode, curlCommand } from './snippets.ts';
import { TaskActions } from './taskActions.tsx';
import { percentIn, type TaskNow, taskNow } from './taskState.ts';
import { timelineOf } from './timeline.ts';
import { useStory } from './useStory.ts';
import './task.css';

/** One task: how it stands, live, what happened to it, and what can be done. */
export default function TaskPage() {
  const { id = '' } = useParams<{ id: string }>();
  const query = useQuery(taskQuery(id));
  const types = useQuery(typesQuery);
  if (query.isPending)
    return (
      <>
        <div className="page-head">
          <h1>Task</h1>
        </div>
        <div className="card body-only">
          <Skeleton lines={8} height={20} />
        </div>
      </>
    );
  // A record that was read stays on the page when reading it again does not succeed.
  if (!query.data) return <NotShown id={id} error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Task key={id} record={query.data} type={types.data?.find(({ name }) => name === query.data.name)} />
  );
}

function NotShown({
  id,
  error,
  onRetry,
}: {
  readonly id: string;
  readonly error: unknown;
  readonly onRetry: () => void;
}) {
  usePageTitle('Task');
  const { code, message } = faultOf(error);
  const missing = code === 'TASK_NOT_FOUND' || code === 'INVALID_REQUEST';
  return (
    <>
      <div className="page-head">
        <h1>Task</h1>
      </div>
      {missing ? (
        <div className="card">
          <Empty
            icon={FileQuestion}
            title="There is no such task"
            action={<ButtonLink href="/tasks">See all tasks</ButtonLink>}
          >
            {code === 'TASK_NOT_FOUND' ? message : `“${id}” is no id of a task.`} Records of ended tasks are
            kept for a day to a week, unless the gateway says otherwise.
          </Empty>
        </div>
      ) : (
        <Failed error={error} onRetry={onRetry} />
      )}
    </>
  );
}

function Task({ record, type }: { readonly record: AnyTaskRecord; readonly type: TaskType | undefined }) {
  const story = useStory(record.name, record.id);
  const now = taskNow(record, story);
  const status = statusAsOf(now.status, record.scheduledFor, Date.now());
  const title = type?.title ?? record.name;
  const percent = percentIn(now.progress);
  usePageTitle(
    `${status === 'RUNNING' && percent !== undefined ? `${Math.round(percent)} %` : statusWord(status)} · ${title}`,
  );
  return (
    <>
      <div className="page-head">
        <div className="grow">
          <div className="title-line">
            <h1>{title}</h1>
            <Status status={status} large />
          </div>
          <div className="id-line muted">
            <Link href={`/tasks?name=${record.name}`} className="mono">
              {record.name}
            </Link>
            <span className="mono truncate">{record.id}</span>
            <CopyButton text={() => record.id} label="Copy id" />
          </div>
        </div>
        <TaskActions record={record} status={status} pausable={type?.pausable ?? false} />
      </div>
      <div className="task">
        <div className="task-main">
          <ProgressCard record={record} now={{ ...now, status }} story={story} />
          {now.error && <ErrorCard error={now.error} retrying={status === 'RETRYING'} />}
          {record.cancelReason !== undefined && (
            <p className="notice plain">
              <CircleAlert aria-hidden />
              Reason of the cancel: {record.cancelReason}
            </p>
          )}
          {now.output !== undefined && <DataCard title="Output" value={now.output} />}
          <LogCard lines={story.log} dropped={story.logDropped} ended={isTerminal(status)} />
          <DataCard title="Input" value={record.input} />
        </div>
        <div className="task-side">
          <Facts record={record} now={now} />
          <Timeline record={record} milestones={story.milestones} />
          <CodeCard record={record} />
        </div>
      </div>
    </>
  );
}

function ErrorCard({
  error,
  retrying,
}: {
  readonly error: NonNullable<TaskNow['error']>;
  readonly retrying: boolean;
}) {
  return (
    <section className="card error-card" aria-label="Error">
      <header>
        <CircleAlert aria-hidden />
        <h2 className="grow mono">{error.code}</h2>
        {retrying && <span className="small">of the last attempt</span>}
        <CopyButton text={() => JSON.stringify(error, null, 2)} label="Copy error" />
      </header>
      <div className="body">
        <p className="message">{error.message}</p>
        {error.data !== undefined && <Readable value={error.data} label="Details" depth={1} />}
      </div>
    </section>
  );
}

function Facts({ record, now }: { readonly record: AnyTaskRecord; readonly now: TaskNow }) {
  const executor = record.attempts.at(-1)?.executor;
  return (
    <section className="card" aria-label="Facts">
      <dl className="facts body">
        <dt>Owner</dt>
        <dd>
          <Link href={`/tasks?owner=${encodeURIComponent(record.owner)}`}>{record.owner}</Link>
        </dd>
        <dt>Priority</dt>
        <dd>{record.priority}</dd>
        <dt>Accepted</dt>
        <dd>
          <Instant at={record.createdAt} />
        </dd>
        {record.startedAt !== undefined && (
          <>
            <dt>Waited</dt>
            <dd>
              <Elapsed from={record.scheduledFor ?? record.createdAt} to={record.startedAt} />
            </dd>
            <dt>Took</dt>
            <dd>
              <Elapsed from={record.startedAt} to={now.finishedAt} />
            </dd>
            <dt>Attempt</dt>
            <dd>
              {record.attempt}
              {record.failures > 0 && ` · ${record.failures} failed`}
              {record.losses > 0 && ` · ${record.losses} lost`}
            </dd>
          </>
        )}
        {executor !== undefined && (
          <>
            <dt>Executor</dt>
            <dd className="mono">{executor}</dd>
          </>
        )}
        {record.idempotencyKey !== undefined && (
          <>
            <dt>Key</dt>
            <dd className="mono">{record.idempotencyKey}</dd>
          </>
        )}
        {record.retryOf !== undefined && (
          <>
            <dt>Retry of</dt>
            <dd>
              <Link href={`/tasks/${record.retryOf}`} className="mono">
                {record.retryOf.slice(-12)}
              </Link>
            </dd>
          </>
        )}
        {record.parent !== undefined && (
          <>
            <dt>Started by</dt>
            <dd>
              <Link href={`/tasks/${record.parent.id}`}>{record.parent.name}</Link>
            </dd>
          </>
        )}
        {(record.children ?? []).length > 0 && (
          <>
            <dt>Children</dt>
            <dd>
              <ul className="chips">
                {record.children?.map(child => (
                  <li key={child.id}>
                    <Link href={`/tasks/${child.id}`}>
                      {child.name} <span className="mono">{child.id.slice(-6)}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
        {record.scheduleId !== undefined && (
          <>
            <dt>Schedule</dt>
            <dd className="mono">{record.scheduleId}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Timeline({
  record,
  milestones,
}: { readonly record: AnyTaskRecord } & { readonly milestones: Parameters<typeof timelineOf>[1] }) {
  return (
    <section className="card" aria-label="Timeline">
      <header>
        <h2>Timeline</h2>
      </header>
      <ol className="timeline body">
        {timelineOf(record, milestones).map(({ key, at, what, detail, tone }) => (
          <li key={key} data-tone={tone}>
            <div className="line">
              <strong>{what}</strong>
              <span className="muted small">
                <Instant at={at} />
              </span>
            </div>
            {detail !== undefined && <p className="muted small">{detail}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function CodeCard({ record }: { readonly record: AnyTaskRecord }) {
  return (
    <Tabs.Root defaultValue="client" asChild>
      <section className="card" aria-label="The same from a program">
        <header>
          <h2 className="grow">From a program</h2>
          <Tabs.List className="tabs" aria-label="Language">
            <Tabs.Trigger value="client">TypeScript</Tabs.Trigger>
            <Tabs.Trigger value="curl">curl</Tabs.Trigger>
          </Tabs.List>
        </header>
        <Tabs.Content value="client" className="body" tabIndex={-1}>
          <CodeBlock text={clientCode(record, location.origin)} label="client code" />
        </Tabs.Content>
        <Tabs.Content value="curl" className="body" tabIndex={-1}>
          <CodeBlock text={curlCommand(record, location.origin)} label="curl command" />
        </Tabs.Content>
      </section>
    </Tabs.Root>
  );
}
