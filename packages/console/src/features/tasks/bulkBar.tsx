import { isTerminal, type TaskFilter } from '@longhaul/proto/browser';
import type { TaskSummary } from '@longhaul/proto/wire';
import { Ban, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/dialog.tsx';
import { toast, toastError } from '../../components/toasts.tsx';
import { tasks } from '../../gateway/tasks.ts';

const counted = (count: number) => `${count} ${count === 1 ? 'task' : 'tasks'}`;

/** What can be done with the tasks that are selected, each after a question. */
export function BulkBar({
  chosen,
  onDone,
}: {
  readonly chosen: readonly TaskSummary[];
  readonly onDone: () => void;
}) {
  const [asking, setAsking] = useState<'cancel' | 'retry'>();
  const open = chosen.filter(({ status }) => !isTerminal(status));
  const ended = chosen.filter(({ status }) => isTerminal(status));
  const act = async (
    verb: 'canceled' | 'started again',
    some: readonly TaskSummary[],
    call: (id: string) => Promise<unknown>,
  ) => {
    const results = await Promise.allSettled(some.map(({ id }) => call(id)));
    const failed = results.filter(result => result.status === 'rejected');
    if (failed.length < results.length) toast(`${counted(results.length - failed.length)} ${verb}.`);
    if (failed[0]) toastError(failed[0].reason);
    onDone();
  };
  return (
    <section className="bulk" aria-label="Selected tasks">
      <strong>{chosen.length} selected</strong>
      <Button tiny disabled={open.length === 0} onClick={() => setAsking('cancel')}>
        <Ban aria-hidden /> Cancel{open.length < chosen.length && open.length > 0 ? ` ${open.length}` : ''}
      </Button>
      <Button tiny disabled={ended.length === 0} onClick={() => setAsking('retry')}>
        <RotateCw aria-hidden /> Retry
        {ended.length < chosen.length && ended.length > 0 ? ` ${ended.length}` : ''}
      </Button>
      <Button tiny look="quiet" onClick={onDone}>
        Select none
      </Button>
      <Confirm
        open={asking === 'cancel'}
        onOpenChange={() => setAsking(undefined)}
        title={`Cancel ${counted(open.length)}?`}
        description="Their handlers are told to end. What they have done until then stays done."
        verb={`Cancel ${counted(open.length)}`}
        danger
        onConfirm={() => act('canceled', open, id => tasks.$tasks.cancel(id))}
      />
      <Confirm
        open={asking === 'retry'}
        onOpenChange={() => setAsking(undefined)}
        title={`Retry ${counted(ended.length)}?`}
        description="Each is started again with the same input, as a new task."
        verb={`Retry ${counted(ended.length)}`}
        onConfirm={() => act('started again', ended, id => tasks.$tasks.retry(id))}
      />
    </section>
  );
}

/** Cancels everything that a filter finds, also what is not on the page. */
export function CancelAll({ filter }: { readonly filter: TaskFilter }) {
  const [asking, setAsking] = useState(false);
  const cancel = async () => {
    try {
      const { status, ...rest } = filter;
      const { canceled, stopping, failed, more } = await tasks.$tasks.cancelMany({
        ...rest,
        ...(status === undefined ? {} : { status: [...status] }),
      });
      toast(
        `${counted(canceled + stopping)} canceled.${failed > 0 ? ` ${failed} could not be.` : ''}${more ? ' There are more: do it again.' : ''}`,
        failed > 0,
      );
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <>
      <Button onClick={() => setAsking(true)}>
        <Ban aria-hidden /> Cancel all that fit…
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Cancel everything that fits the filter?"
        description="Also what is not on the page, up to 1,000 tasks; those that have ended stay as they are."
        verb="Cancel them all"
        danger
        onConfirm={cancel}
      />
    </>
  );
}
