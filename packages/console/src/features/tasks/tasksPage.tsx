import { useQuery } from '@tanstack/react-query';
import { ListChecks, Play, SearchX } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useSearchParams } from 'wouter';
import { usePageTitle } from '../../app/pageTitle.ts';
import { Button, ButtonLink } from '../../components/button.tsx';
import { Empty, Failed, Skeleton } from '../../components/states.tsx';
import { typesQuery } from '../../gateway/queries.ts';
import { BulkBar, CancelAll } from './bulkBar.tsx';
import { FilterBar } from './filterBar.tsx';
import { TaskGrid } from './taskGrid.tsx';
import { TaskList } from './taskList.ts';
import {
  isFiltered,
  noFilter,
  readUrlFilter,
  toTaskFilter,
  type UrlFilter,
  writeUrlFilter,
} from './urlFilter.ts';
import './tasks.css';

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
        <TaskGrid list={list} titles={titles} selected={selected} onToggle={toggle} onSelect={setSelected} />
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
