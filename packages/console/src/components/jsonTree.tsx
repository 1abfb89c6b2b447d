import type { ReactNode } from 'react';

/** Beyond these, a part of a tree is closed, or cut, until the reader opens it. */
const openDepth = 2;
const openItems = 60;
const shownItems = 500;

/** Any JSON as a tree to open and close. */
export function JsonTree({ value, label }: { readonly value: unknown; readonly label: string }) {
  return (
    <section className="tree" aria-label={label}>
      <Node value={value} depth={0} />
    </section>
  );
}

function Node({
  name,
  value,
  depth,
}: {
  readonly name?: string;
  readonly value: unknown;
  readonly depth: number;
}): ReactNode {
  const key = name !== undefined && (
    <>
      <span className="key">{name}</span>
      <span className="punct">: </span>
    </>
  );
  if (typeof value !== 'object' || value === null)
    return (
      <div className="leaf">
        {key}
        <Leaf value={value} />
      </div>
    );
  const parts = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0)
    return (
      <div className="leaf">
        {key}
        <span className="punct">{open + close}</span>
      </div>
    );
  return (
    <details open={depth < openDepth && parts.length <= openItems}>
      <summary>
        {key}
        <span className="punct">
          {open} {parts.length} {parts.length === 1 ? 'item' : 'items'} {close}
        </span>
      </summary>
      <div className="kids">
        {parts.slice(0, shownItems).map(([at, part]) => (
          <Node key={at} name={at} value={part} depth={depth + 1} />
        ))}
        {parts.length > shownItems && (
          <div className="leaf muted">… and {parts.length - shownItems} more. Copy it to see all.</div>
        )}
      </div>
    </details>
  );
}

function Leaf({ value }: { readonly value: unknown }) {
  if (typeof value === 'string') return <span className="string">"{value}"</span>;
  return <span className={typeof value === 'number' ? 'number' : 'word'}>{String(value)}</span>;
}
