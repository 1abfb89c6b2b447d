import type { AnyTaskRecord } from '@longhaul/proto/wire';
import { Instant } from '../../components/time.tsx';
import { timelineOf } from './timeline.ts';

/** What happened to a task, and when. */
export function TimelineCard({
  record,
  milestones,
}: {
  readonly record: AnyTaskRecord;
  readonly milestones: Parameters<typeof timelineOf>[1];
}) {
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
