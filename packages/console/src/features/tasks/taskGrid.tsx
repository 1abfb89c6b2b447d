import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type MouseEvent,
  useCallback,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { useLocation } from 'wouter';
import { useShortcuts } from '../../app/shortcuts.ts';
import type { TaskList } from './taskList.ts';
import { TaskRow } from './taskRow.tsx';

const rowPx = 46;
const narrowRowPx = 74;
/** So many rows before its end is reached the next page is read. */
const aheadRows = 80;

/** The columns behind the box to select: the class of their cells, and their titles. */
const columns = [
  ['status', 'Status'],
  ['task', 'Task'],
  ['progress', 'Progress'],
  ['owner', 'Owner'],
  ['created', 'Accepted'],
  ['duration', 'Took'],
] as const;

/** The rows of a list, of which only those in sight are drawn; for keys, pointers and screen readers. */
export function TaskGrid({
  list,
  titles,
  selected,
  onToggle,
  onSelect,
}: {
  readonly list: TaskList;
  readonly titles: ReadonlyMap<string, string>;
  readonly selected: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  readonly onSelect: (ids: ReadonlySet<string>) => void;
}) {
  const { rows, reach } = useSyncExternalStore(list.subscribe, list.state);
  const [, navigate] = useLocation();
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const heightPx = narrow ? narrowRowPx : rowPx;
  // The task itself is what the keys stand on: rows that come above it must not move them to another.
  const [currentId, setCurrentId] = useState<string>();
  const found = currentId === undefined ? -1 : rows.findIndex(({ id }) => id === currentId);
  const current = Math.max(0, found);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => heightPx,
    overscan: 8,
    // A scroll need not be drawn before its event is over; forced, it would be drawn twice a frame.
    useFlushSync: false,
    // Keys land on rows below the head.
    scrollPaddingStart: heightPx,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was measured with the other height is void
  useEffect(() => virtual.measure(), [heightPx]);
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastShown >= rows.length - aheadRows) list.loadMore();
  }, [lastShown, rows.length, list]);

  const latestRows = useRef(rows);
  latestRows.current = rows;
  const onFocus = useCallback((index: number) => setCurrentId(latestRows.current[index]?.id), []);
  const goTo = (index: number) => {
    const at = Math.max(0, Math.min(rows.length - 1, index));
    setCurrentId(rows[at]?.id);
    virtual.scrollToIndex(at);
    // The row may not be there until the scrolling has been done.
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${at}"]`)?.focus({ preventScroll: true }),
    );
  };
  const step = (by: number) => goTo(found === -1 ? 0 : current + by);
  const onKeyDown = (event: KeyboardEvent) => {
    const task = rows[current];
    const actions: Readonly<Record<string, () => void>> = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Home: () => goTo(0),
      End: () => goTo(rows.length - 1),
      PageDown: () => goTo(current + 10),
      PageUp: () => goTo(current - 10),
      Enter: () => task && navigate(`/tasks/${task.id}`),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  // One for all rows: they come and go by the hundred. With a key held, the browser opens a new tab as ever.
  const onClick = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(link.pathname);
  };
  useShortcuts({
    j: () => step(1),
    k: () => step(-1),
    x: () => {
      const task = rows[current];
      if (task) onToggle(task.id);
    },
    Escape: () => onSelect(new Set()),
  });
  const all = rows.length > 0 && rows.every(({ id }) => selected.has(id));

  return (
    <div
      ref={scroller}
      className="card grid"
      role="grid"
      aria-label="Tasks"
      aria-rowcount={reach === 'more' ? -1 : rows.length + 1}
      aria-multiselectable
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <div role="rowgroup" className="grid-head">
        <div role="row" className="row" aria-rowindex={1}>
          <span role="columnheader" className="c-select">
            <input
              type="checkbox"
              aria-label="Select all that are loaded"
              checked={all}
              onChange={() => onSelect(all ? new Set() : new Set(rows.map(({ id }) => id)))}
            />
          </span>
          {columns.map(([part, title]) => (
            <span key={part} role="columnheader" className={`c-${part}`}>
              {title}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const task = rows[index];
          return (
            task && (
              <TaskRow
                key={task.id}
                task={task}
                title={titles.get(task.name) ?? task.name}
                index={index}
                top={start}
                selected={selected.has(task.id)}
                current={index === current}
                onSelect={onToggle}
                onFocus={onFocus}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

const query = matchMedia('(max-width: 760px)');
const subscribe = (listener: () => void) => {
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
};

/** Whether the page is as wide as a phone; the style sheets draw the line at the same width. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches);
}
