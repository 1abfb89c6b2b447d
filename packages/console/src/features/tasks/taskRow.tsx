import { isTerminal, statusAsOf } from '@longhaul/proto/browser';
import type { TaskSummary } from '@longhaul/proto/wire';
import { memo } from 'react';
import { ProgressBar } from '../../components/progress.tsx';
import { Status } from '../../components/status.tsx';
import { Elapsed, Instant } from '../../components/time.tsx';

/** One line of the table. It renders again only when its task, or whether it is selected, has changed. */
export const TaskRow = memo(function TaskRow({
  task,
  title,
  index,
  top,
  selected,
  current,
  onSelect,
  onFocus,
}: {
  readonly task: TaskSummary;
  readonly title: string;
  readonly index: number;
  readonly top: number;
  readonly selected: boolean;
  /** The one that the arrow keys stand on, and that Tab leads to. */
  readonly current: boolean;
  readonly onSelect: (id: string) => void;
  readonly onFocus: (index: number) => void;
}) {
  const status = statusAsOf(task.status, task.scheduledFor, Date.now());
  const percent = status === 'COMPLETED' ? 100 : task.percent;
  const showsBar = percent !== undefined || status === 'RUNNING';
  return (
    <div
      role="row"
      className="row"
      // The head is row 1.
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-index={index}
      data-id={task.id}
      tabIndex={current ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      onFocus={() => onFocus(index)}
    >
      <span role="gridcell" className="c-select">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${title}`}
          checked={selected}
          onChange={() => onSelect(task.id)}
        />
      </span>
      <span role="gridcell" className="c-status">
        <Status status={status} />
      </span>
      <span role="gridcell" className="c-task">
        <a href={`/tasks/${task.id}`} tabIndex={-1} className="truncate">
          {title}
        </a>
        <span className="mono muted truncate">{task.id.slice(-12)}</span>
      </span>
      <span role="gridcell" className="c-progress">
        {showsBar && (
          <>
            <ProgressBar
              percent={percent ?? (isTerminal(status) ? 0 : undefined)}
              status={status}
              label={`Progress of ${title}`}
            />
            <span className="small muted">{percent === undefined ? '' : `${Math.round(percent)} %`}</span>
          </>
        )}
        {task.errorCode !== undefined && <code className="error truncate">{task.errorCode}</code>}
      </span>
      <span role="gridcell" className="c-owner truncate">
        {task.owner}
      </span>
      <span role="gridcell" className="c-created">
        <Instant at={task.createdAt} />
      </span>
      <span role="gridcell" className="c-duration">
        {task.startedAt !== undefined && <Elapsed from={task.startedAt} to={task.finishedAt} />}
        {task.attempt > 1 && <span className="muted"> ·{task.attempt}×</span>}
      </span>
    </div>
  );
});
