import type { TaskStatus } from '@longhaul/proto/browser';
import {
  Ban,
  CalendarClock,
  CircleCheck,
  CircleDashed,
  CircleX,
  Hand,
  LoaderCircle,
  type LucideIcon,
  RotateCw,
} from 'lucide-react';

const looks: { readonly [S in TaskStatus]: { readonly icon: LucideIcon; readonly word: string } } = {
  SCHEDULED: { icon: CalendarClock, word: 'Scheduled' },
  PENDING: { icon: CircleDashed, word: 'Pending' },
  RUNNING: { icon: LoaderCircle, word: 'Running' },
  RETRYING: { icon: RotateCw, word: 'Retrying' },
  STOPPING: { icon: Hand, word: 'Stopping' },
  COMPLETED: { icon: CircleCheck, word: 'Completed' },
  FAILED: { icon: CircleX, word: 'Failed' },
  CANCELED: { icon: Ban, word: 'Canceled' },
};

/** A status in words, never by its colour alone. */
export function Status({ status, large = false }: { readonly status: TaskStatus; readonly large?: boolean }) {
  const { icon: Icon, word } = looks[status];
  return (
    <span className={large ? 'status large' : 'status'} data-status={status}>
      <Icon aria-hidden />
      {word}
    </span>
  );
}

export function statusWord(status: TaskStatus): string {
  return looks[status].word;
}
