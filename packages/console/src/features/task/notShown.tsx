import type { ContractPart } from '@longhaul/proto/wire';
import { CircleAlert, FileQuestion } from 'lucide-react';
import { usePageTitle } from '../../app/pageTitle.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Empty, Failed } from '../../components/states.tsx';
import { faultOf } from '../../gateway/faults.ts';

/** Where a task would be: there is none of that id, or it could not be read. */
export function NotShown({
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

/** That parts of the task were written under another version of the contract: they are shown as they were recorded. */
export function UnfitNote({ parts }: { readonly parts: readonly ContractPart[] }) {
  if (parts.length === 0) return null;
  const [last, ...others] = [...new Set(parts)].reverse();
  const what = others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`;
  return (
    <p className="notice plain" role="note">
      <CircleAlert aria-hidden />
      Its {what} {others.length === 0 ? 'does' : 'do'} not fit the contract of this gateway: another version
      of the contract was in use when it was written. What is shown was recorded then; typed clients leave it
      out.
    </p>
  );
}
