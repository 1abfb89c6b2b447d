import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ListChecks, Play, SearchX } from 'lucide-react';
import {
  type KeyboardEvent,
  type MouseEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { usePageTitle } from '../../app/pageTitle.ts';
import { useShortcuts } from '../../app/shortcuts.ts';
import { Button, ButtonLink } from '../../components/button.tsx';
import { Empty, Failed, Skeleton } from '../../components/states.tsx';
import { typesQuery } from '../../gateway/queries.ts';
import { BulkBar, CancelAll } from './bulkBar.tsx';
import { FilterBar } from './filterBar.tsx';
import { TaskList } from './taskList.ts';
import { TaskRow } from './taskRow.tsx';
import {
  isFiltered,
  noFilter,
  readUrlFilter,
  toTaskFilter,
  type UrlFilter,
  writeUrlFilter,
} from './urlFilter.ts';
import { useNarrow } from './useNarrow.ts';
import './tasks.css';

const rowPx = 46;
const narrowRowPx = 74;
/** So many rows before its end is reached the next page is read. */
const aheadRows = 80;

/** Every task that the caller may see, newest first and live. */
export default function TasksPage() {
  usePageTitle('Tasks');
  const [search, setSearch] = useSearchParams();
  const address = search.toString();
  const filter = useMemo(() => readUrlFilter(new URLSearchParams(address)), [address]);
  const setFilter = useCallback(
    (next: UrlFilter) => setSearch(writeUrlFilter(next), { replace: true }),
    [setSearch],
  );
  const types = useQuery(typesQuery);
  const titles = useMemo(
    () => new Map(types.data?.map(({ name, title }) => [name, title ?? name])),
    [types.data],
  );
  const taskFilter = useMemo(() => toTaskFilter(filter, Date.now()), [filter]);
  const list = useMemo(() => new TaskList(taskFilter), [taskFilter]);
  useEffect(() => list.open(), [list]);
  const { rows, reach, error } = useSyncExternalStore(list.subscribe, list.state);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback(
    (id: string) =>
      setSelected(before =>
        before.has(id) ? new Set([...before].filter(other => other !== id)) : new Set([...before, id]),
      ),
    [],
  );
  const chosen = useMemo(() => rows.filter(({ id }) => selected.has(id)), [rows, selected]);
  const selectNone = useCallback(() => setSelected(new Set()), []);

  return (
    <>
      <div className="page-head">
        <h1>Tasks</h1>
        <span className="muted grow" role="status">
          {reach === 'loading' ? '' : `${rows.length.toLocaleString('en')}${reach === 'more' ? '+' : ''}`}
        </span>
        <div className="actions">
          {isFiltered(filter) && rows.length > 0 && <CancelAll filter={taskFilter} />}
          <ButtonLink look="primary" href="/run">
            <Play aria-hidden /> Run a task
          </ButtonLink>
        </div>
      </div>
      <FilterBar filter={filter} types={types.data ?? []} onChange={setFilter} />
      {error !== undefined && <Failed error={error} onRetry={() => void list.reload()} />}
      {chosen.length > 0 && <BulkBar chosen={chosen} onDone={selectNone} />}
      {rows.length > 0 ? (
        <Grid list={list} titles={titles} selected={selected} onToggle={toggle} onSelect={setSelected} />
      ) : reach === 'loading' && error === undefined ? (
        <div className="card body-only">
          <Skeleton lines={8} height={26} />
        </div>
      ) : error !== undefined ? null : isFiltered(filter) ? (
        <div className="card">
          <Empty
            icon={SearchX}
            title="No task fits"
            action={<Button onClick={() => setFilter(noFilter)}>Clear the filter</Button>}
          >
            Nothing that you may see fits this filter. A task that comes to fit it appears by itself.
          </Empty>
        </div>
      ) : (
        <div className="card">
          <Empty
            icon={ListChecks}
            title="No tasks yet"
            action={
              <ButtonLink look="primary" href="/run">
                <Play aria-hidden /> Run a task
              </ButtonLink>
            }
          >
            Start one here, or from a program: it appears by itself.
          </Empty>
        </div>
      )}
    </>
  );
}

function Grid({
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
          <span role="columnheader" className="c-status">
            Status
          </span>
          <span role="columnheader" className="c-task">
            Task
          </span>
          <span role="columnheader" className="c-progress">
            Progress
          </span>
          <span role="columnheader" className="c-owner">
            Owner
          </span>
          <span role="columnheader" className="c-created">
            Accepted
          </span>
          <span role="columnheader" className="c-duration">
            Took
          </span>
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
