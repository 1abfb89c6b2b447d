import { CircleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { faultOf } from '../gateway/faults.ts';
import { Button } from './button.tsx';

/** Nothing is here, why, and what to do next. */
export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div className="empty">
      <Icon aria-hidden />
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** What went wrong, in the gateway's words, and a way to try again. */
export function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { code, message } = faultOf(error);
  return (
    <div className="notice" role="alert">
      <CircleAlert aria-hidden />
      <div>
        <strong>{message}</strong>
        <div className="small mono">{code}</div>
      </div>
      {onRetry && (
        <Button tiny onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Where something will be. */
export function Skeleton({ lines = 3, height = 16 }: { readonly lines?: number; readonly height?: number }) {
  const widths = [92, 78, 86, 64, 81];
  return (
    <div role="status" aria-label="Loading" style={{ display: 'grid', gap: 10 }}>
      {Array.from({ length: lines }, (_, line) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: they have no identity, and never change places
          key={line}
          className="skeleton"
          style={{ height, width: `${widths[line % widths.length]}%` }}
        />
      ))}
    </div>
  );
}
