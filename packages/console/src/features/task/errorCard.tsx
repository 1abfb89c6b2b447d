import { CircleAlert } from 'lucide-react';
import { CopyButton } from '../../components/copyButton.tsx';
import { Readable } from '../../components/dataView.tsx';
import type { TaskNow } from './taskState.ts';

/** What a task failed with, and the details that its definition declares. */
export function ErrorCard({
  error,
  retrying,
}: {
  readonly error: NonNullable<TaskNow['error']>;
  readonly retrying: boolean;
}) {
  return (
    <section className="card error-card" aria-label="Error">
      <header>
        <CircleAlert aria-hidden />
        <h2 className="grow mono">{error.code}</h2>
        {retrying && <span className="small">of the last attempt</span>}
        <CopyButton text={() => JSON.stringify(error, null, 2)} label="Copy error" />
      </header>
      <div className="body">
        <p className="message">{error.message}</p>
        {error.data !== undefined && <Readable value={error.data} label="Details" depth={1} />}
      </div>
    </section>
  );
}
