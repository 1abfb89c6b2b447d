import { Tabs } from 'radix-ui';
import { useState } from 'react';
import { titleOf } from '../form/schema.ts';
import { Button } from './button.tsx';
import { CopyButton } from './copyButton.tsx';
import { cellText, type Row, shapeOf } from './dataShape.ts';
import { JsonTree } from './jsonTree.tsx';
import { durationText } from './timeText.ts';
import './dataView.css';

const rowsAtFirst = 20;

/** JSON as people read it (text as text, tables as tables, images as images), or as the tree that it is. */
export function DataCard({ title, value }: { readonly title: string; readonly value: unknown }) {
  return (
    <Tabs.Root defaultValue="read" asChild>
      <section className="card" aria-label={title}>
        <header>
          <h2 className="grow">{title}</h2>
          <Tabs.List className="tabs" aria-label={`How to show the ${title.toLowerCase()}`}>
            <Tabs.Trigger value="read">Readable</Tabs.Trigger>
            <Tabs.Trigger value="json">JSON</Tabs.Trigger>
          </Tabs.List>
          <CopyButton
            text={() => JSON.stringify(value, null, 2) ?? 'null'}
            label={`Copy ${title.toLowerCase()}`}
          />
        </header>
        <Tabs.Content value="read" className="body" tabIndex={-1}>
          <Readable value={value} label={title} depth={0} />
        </Tabs.Content>
        <Tabs.Content value="json" className="body" tabIndex={-1}>
          <JsonTree value={value} label={`${title} as a tree`} />
        </Tabs.Content>
      </section>
    </Tabs.Root>
  );
}

export function Readable({
  value,
  label,
  depth,
}: {
  readonly value: unknown;
  readonly label: string;
  readonly depth: number;
}) {
  const shape = shapeOf(value);
  switch (shape.as) {
    case 'nothing':
      return <span className="muted">–</span>;
    case 'word':
      return <span className="word">{worded(label, value, shape.text)}</span>;
    case 'text':
      return <p className="long-text">{shape.text}</p>;
    case 'image':
      return <img className="picture" src={shape.source} alt={label} />;
    case 'list':
      return (
        <ul className="chips">
          {shape.items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same item can stand there twice
            <li key={index}>{item}</li>
          ))}
        </ul>
      );
    case 'table':
      return <Table columns={shape.columns} rows={shape.rows} label={label} />;
    case 'parts':
      if (depth > 1) return <JsonTree value={value} label={label} />;
      return (
        <dl className={depth === 0 ? 'parts' : 'facts'}>
          {shape.parts.map(([key, part]) => (
            <div key={key} className={depth === 0 ? 'part' : 'contents'}>
              <dt>{titleOf(key)}</dt>
              <dd>
                <Readable value={part} label={titleOf(key)} depth={depth + 1} />
              </dd>
            </div>
          ))}
        </dl>
      );
    case 'tree':
      return <JsonTree value={value} label={label} />;
  }
}

/** A number of milliseconds, told by its name, is a duration. */
function worded(label: string, value: unknown, text: string): string {
  if (typeof value === 'number') return / ms$/i.test(label) ? durationText(value) : cellText(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return text;
}

function Table({
  columns,
  rows,
  label,
}: {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly label: string;
}) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, rowsAtFirst);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section className="scroll-x framed" tabIndex={0} aria-label={label}>
        <table className="grid-table">
          <thead>
            <tr>
              {columns.map(column => (
                <th
                  key={column}
                  scope="col"
                  className={typeof rows[0]?.[column] === 'number' ? 'number' : undefined}
                >
                  {titleOf(column)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
              <tr key={index}>
                {columns.map(column => (
                  <td key={column} className={typeof row[column] === 'number' ? 'number' : undefined}>
                    {cellText(row[column])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > shown.length && (
        <Button tiny look="quiet" onClick={() => setAll(true)}>
          Show all {rows.length} rows
        </Button>
      )}
    </>
  );
}
