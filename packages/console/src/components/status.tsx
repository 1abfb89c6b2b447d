import type { TaskStatus } from '@longhaul/proto/browser';
import {
  Ban,
  CalendarClock,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleX,
  Hand,
  LoaderCircle,
  type LucideIcon,
  RotateCw,
} from 'lucide-react';

const icons: { readonly [status: string]: LucideIcon } = {
  SCHEDULED: CalendarClock,
  PENDING: CircleDashed,
  RUNNING: LoaderCircle,
  PAUSED: CirclePause,
  RETRYING: RotateCw,
  STOPPING: Hand,
  COMPLETED: CircleCheck,
  FAILED: CircleX,
  CANCELED: Ban,
};

/** A status in words, never by its colour alone. */
export function Status({ status, large = false }: { readonly status: TaskStatus; readonly large?: boolean }) {
  const Icon = icons[status] ?? CircleDashed;
  return (
    <span className={large ? 'status large' : 'status'} data-status={status}>
      <Icon aria-hidden />
      {statusWord(status)}
    </span>
  );
}

export function statusWord(status: TaskStatus): string {
  return status.charAt(0) + status.slice(1).toLowerCase();
}
