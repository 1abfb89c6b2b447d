import type { TaskStatus } from '@longhaul/proto/browser';

/** A progress bar. Without a percentage it says that something is under way, not how far. */
export function ProgressBar({
  percent,
  status,
  label,
  tall = false,
}: {
  readonly percent: number | undefined;
  readonly status: TaskStatus;
  readonly label: string;
  readonly tall?: boolean;
}) {
  const known = percent === undefined ? {} : { 'aria-valuenow': Math.round(percent) };
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...known}
      className={['bar', tall && 'tall', percent === undefined && 'unknown'].filter(Boolean).join(' ')}
      data-status={status}
    >
      <i style={percent === undefined ? undefined : { transform: `scaleX(${percent / 100})` }} />
    </div>
  );
}
