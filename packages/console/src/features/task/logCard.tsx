import { useEffect, useRef, useState } from 'react';
import { CopyButton } from '../../components/copyButton.tsx';
import { cellText } from '../../components/dataShape.ts';
import { instantText } from '../../components/timeText.ts';
import type { LogLine } from './taskState.ts';

const nearEndPx = 40;

/** What the handler logs, live. Stays at its end until its reader scrolls up. */
export function LogCard({
  lines,
  hidden,
  dropped,
  ended,
}: {
  readonly lines: readonly LogLine[];
  /** How many earlier lines the page leaves out. */
  readonly hidden: number;
  /** How many earlier lines are not stored any more. */
  readonly dropped: number;
  readonly ended: boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new line is a reason to scroll
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, following]);
  const text = () =>
    lines.map(line => `${line.at} ${line.level} ${line.message} ${fieldsOf(line)}`.trim()).join('\n');
  return (
    <section className="card" aria-label="Log">
      <header>
        <h2 className="grow">Log</h2>
        <span className="muted small">
          {lines.length === 0
            ? ''
            : `${count(lines.length + hidden + dropped)} ${lines.length + hidden + dropped === 1 ? 'line' : 'lines'}`}
        </span>
        <CopyButton text={text} label="Copy log" />
      </header>
      {lines.length === 0 ? (
        <p className="body muted small">
          {ended ? 'The handler logged nothing.' : 'The handler has logged nothing yet.'}
        </p>
      ) : (
        <div
          className="log"
          ref={box}
          role="log"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
          tabIndex={0}
          aria-label="Lines of the log"
          onScroll={({ currentTarget: at }) =>
            setFollowing(at.scrollHeight - at.scrollTop - at.clientHeight < nearEndPx)
          }
        >
          {dropped > 0 && <div className="muted">{droppedText(dropped)}</div>}
          {hidden > 0 && (
            <div className="muted">
              {count(hidden)} earlier {hidden === 1 ? 'line is' : 'lines are'} not shown.
            </div>
          )}
          {lines.map(line => (
            <div key={line.eventId} data-level={line.level}>
              <time dateTime={line.at}>{instantText(line.at, Date.now())}</time>
              <b>{line.level}</b>
              <span>
                {line.message} <em>{fieldsOf(line)}</em>
              </span>
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

const count = (n: number) => n.toLocaleString('en');

/** The note that replaces lines dropped by the limit of a task's log. */
export function droppedText(lines: number): string {
  return `${count(lines)} earlier ${lines === 1 ? 'line was' : 'lines were'} dropped.`;
}

function fieldsOf({ fields }: LogLine): string {
  return Object.entries(fields ?? {})
    .map(([key, value]) => `${key}=${cellText(value)}`)
    .join(' ');
}
