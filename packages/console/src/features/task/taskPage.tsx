import { isTerminal, statusAsOf } from '@longhaul/proto/browser';
import type { AnyTaskRecord, TaskType } from '@longhaul/proto/wire';
import { useQuery } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { Link, useParams } from 'wouter';
import { usePageTitle } from '../../app/pageTitle.ts';
import { CopyButton } from '../../components/copyButton.tsx';
import { DataCard } from '../../components/dataView.tsx';
import { Skeleton } from '../../components/states.tsx';
import { Status, statusWord } from '../../components/status.tsx';
import { taskQuery, typesQuery } from '../../gateway/queries.ts';
import { CodeCard } from './codeCard.tsx';
import { ErrorCard } from './errorCard.tsx';
import { FactsCard } from './factsCard.tsx';
import { LogCard } from './logCard.tsx';
import { NotShown, UnfitNote } from './notShown.tsx';
import { ProgressCard } from './progressCard.tsx';
import { TaskActions } from './taskActions.tsx';
import { percentIn, taskNow } from './taskState.ts';
import { TimelineCard } from './timelineCard.tsx';
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
          <UnfitNote parts={[...(record.unfit ?? []), ...story.unfit]} />
          <ProgressCard record={record} now={{ ...now, status }} story={story} />
          {now.error && <ErrorCard error={now.error} retrying={status === 'RETRYING'} />}
          {record.cancelReason !== undefined && (
            <p className="notice plain">
              <CircleAlert aria-hidden />
              Reason of the cancel: {record.cancelReason}
            </p>
          )}
          {now.output !== undefined && <DataCard title="Output" value={now.output} />}
          <LogCard
            lines={story.log}
            hidden={story.logHidden}
            dropped={story.logDropped}
            ended={isTerminal(status)}
          />
          <DataCard title="Input" value={record.input} />
        </div>
        <div className="task-side">
          <FactsCard record={record} now={now} />
          <TimelineCard record={record} milestones={story.milestones} />
          <CodeCard record={record} />
        </div>
      </div>
    </>
  );
}
