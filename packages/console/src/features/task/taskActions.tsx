import { isTerminal, type TaskStatus } from '@longhaul/proto/browser';
import type { AnyTaskRecord } from '@longhaul/proto/wire';
import { Ban, CirclePause, CirclePlay, FilePen, RotateCw } from 'lucide-react';
import { useId, useState } from 'react';
import { useLocation } from 'wouter';
import { useShortcuts } from '../../app/shortcuts.ts';
import { Button, ButtonLink } from '../../components/button.tsx';
import { Confirm } from '../../components/dialog.tsx';
import { toast, toastError } from '../../components/toasts.tsx';
import { tasks } from '../../gateway/tasks.ts';

/** What can be done with a task now. */
export function TaskActions({
  record,
  status,
  pausable,
}: {
  readonly record: AnyTaskRecord;
  readonly status: TaskStatus;
  /** Whether its handler has checkpoints. */
  readonly pausable: boolean;
}) {
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState(false);
  const [retrying, setRetrying] = useState(false);
  const ended = isTerminal(status);
  const retry = async () => {
    setRetrying(true);
    try {
      const { id } = await tasks.$tasks.retry(record.id);
      toast('Started again, as a new task.');
      navigate(`/tasks/${id}`);
    } catch (error) {
      toastError(error);
    } finally {
      setRetrying(false);
    }
  };
  useShortcuts(ended ? { r: () => void retry() } : { c: () => setAsking(true) });
  return (
    <div className="actions">
      <ButtonLink href={`/run/${record.name}?from=${record.id}`}>
        <FilePen aria-hidden /> Run with changes
      </ButtonLink>
      {!ended && pausable && <PauseButton record={record} status={status} />}
      {ended ? (
        <Button look="primary" disabled={retrying} onClick={() => void retry()}>
          <RotateCw aria-hidden /> Retry
        </Button>
      ) : (
        <Button disabled={status === 'STOPPING'} onClick={() => setAsking(true)}>
          <Ban aria-hidden /> {status === 'STOPPING' ? 'Stopping…' : 'Cancel'}
        </Button>
      )}
      <CancelDialog id={record.id} open={asking} onOpenChange={setAsking} />
    </div>
  );
}

/** Pauses the task at its handler's next checkpoint, or resumes it. */
function PauseButton({ record, status }: { readonly record: AnyTaskRecord; readonly status: TaskStatus }) {
  const [busy, setBusy] = useState(false);
  const wanted = record.pause !== undefined || status === 'PAUSED';
  const change = async () => {
    setBusy(true);
    try {
      if (wanted) await tasks.$tasks.resume(record.id);
      else {
        await tasks.$tasks.pause(record.id);
        toast('It pauses at its next checkpoint.');
      }
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  if (!wanted && status !== 'RUNNING') return null;
  return (
    <Button disabled={busy} onClick={() => void change()}>
      {wanted ? <CirclePlay aria-hidden /> : <CirclePause aria-hidden />} {wanted ? 'Resume' : 'Pause'}
    </Button>
  );
}

function CancelDialog({
  id,
  open,
  onOpenChange,
}: {
  readonly id: string;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}) {
  const [reason, setReason] = useState('');
  const field = useId();
  const cancel = async () => {
    try {
      const { status, alreadyEnded } = await tasks.$tasks.cancel(id, reason === '' ? undefined : reason);
      if (alreadyEnded) toast(`It had ended already: ${status.toLowerCase()}.`);
      else toast(status === 'CANCELED' ? 'Canceled.' : 'Its handler was told to end.');
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Confirm
      open={open}
      onOpenChange={onOpenChange}
      title="Cancel this task?"
      description="Its handler's signal is aborted. What it has done until then stays done."
      verb="Cancel task"
      danger
      onConfirm={cancel}
    >
      <div className="field">
        <label htmlFor={field}>
          Reason<span className="optional"> (optional)</span>
        </label>
        <input
          id={field}
          className="input"
          maxLength={1_000}
          value={reason}
          onChange={event => setReason(event.target.value)}
        />
      </div>
    </Confirm>
  );
}
