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
        {error.name !== undefined && <p className="small muted mono">{error.name}</p>}
        <p className="message">{error.message}</p>
        {error.causes && <Causes causes={error.causes} omitted={error.causesOmitted ?? 0} />}
        {error.stack !== undefined && <Stack label="Stack" text={error.stack} />}
        {error.data !== undefined && <Readable value={error.data} label="Details" depth={1} />}
      </div>
    </section>
  );
}

type Error = NonNullable<TaskNow['error']>;

/** What caused it, each below what it caused. */
function Causes({
  causes,
  omitted,
}: {
  readonly causes: NonNullable<Error['causes']>;
  readonly omitted: number;
}) {
  return (
    <ul className="causes" aria-label="Causes">
      {causes.map(({ depth, from, name, code, message, stack }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list of an error never changes
        <li key={index} style={{ paddingInlineStart: `${depth - 1}rem` }}>
          <span className="small muted">{from === 'cause' ? 'caused by' : 'one of'}</span>{' '}
          <span className="mono small">{[name, code].filter(Boolean).join(' ')}</span>
          <p className="message">{message}</p>
          {stack !== undefined && <Stack label="Its stack" text={stack} />}
        </li>
      ))}
      {omitted > 0 && <li className="small muted">and {omitted} more</li>}
    </ul>
  );
}

/** Folded: of use to few, and long. */
function Stack({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <details className="stack">
      <summary className="small">{label}</summary>
      <pre className="mono small">{text}</pre>
    </details>
  );
}
