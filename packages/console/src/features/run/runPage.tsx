import './run.css';
import type { TaskType } from '@longhaul/proto/wire';
import { useQuery } from '@tanstack/react-query';
import { CirclePause, PackageOpen, Play, Search } from 'lucide-react';
import { useDeferredValue, useId, useState } from 'react';
import { Link, useLocation, useParams, useSearchParams } from 'wouter';
import { usePageTitle } from '../../app/pageTitle.ts';
import { Button } from '../../components/button.tsx';
import { Empty, Failed, Skeleton } from '../../components/states.tsx';
import { InputForm } from '../../form/inputForm.tsx';
import { withDefaults } from '../../form/schema.ts';
import { taskQuery, typesQuery } from '../../gateway/queries.ts';
import { taskNamed } from '../../gateway/tasks.ts';
import { noOptions, StartOptionFields, toStartOptions } from './startOptions.tsx';

/** Every type of task, and a form to start one. */
export default function RunPage() {
  const { name } = useParams<{ name?: string }>();
  const types = useQuery(typesQuery);
  const [search, setSearch] = useState('');
  const found = findTypes(types.data ?? [], useDeferredValue(search));
  const searchId = useId();
  const chosen = types.data?.find(type => type.name === name);
  usePageTitle(chosen ? `Run ${chosen.title ?? chosen.name}` : 'Run');

  if (types.isError) return <Failed error={types.error} onRetry={() => void types.refetch()} />;
  return (
    <>
      <div className="page-head">
        <h1>Run</h1>
      </div>
      <div className="run" data-chosen={name !== undefined}>
        <nav className="card types" aria-label="Types of task">
          <div className="search">
            <Search aria-hidden />
            <label className="sr-only" htmlFor={searchId}>
              Search types of task
            </label>
            <input
              id={searchId}
              className="input"
              type="search"
              placeholder="Search"
              data-shortcut="search"
              value={search}
              onChange={event => setSearch(event.target.value)}
            />
          </div>
          {types.isPending && (
            <div className="body">
              <Skeleton lines={6} height={34} />
            </div>
          )}
          <ul>
            {found.map(type => (
              <li key={type.name}>
                <Link href={`/run/${type.name}`} aria-current={type.name === name ? 'page' : undefined}>
                  <span className="title">
                    {type.title ?? type.name}
                    {type.paused && <CirclePause aria-label="paused" />}
                  </span>
                  <span className="mono muted">{type.name}</span>
                </Link>
              </li>
            ))}
          </ul>
          {types.isSuccess && found.length === 0 && (
            <p className="none muted">
              {types.data.length === 0
                ? 'This gateway’s contract has no tasks.'
                : 'No type of task fits. Search for less.'}
            </p>
          )}
        </nav>
        <section className="card start" aria-label="Start a task">
          {chosen ? (
            <StartForm key={chosen.name} name={chosen.name} />
          ) : name !== undefined && types.isSuccess ? (
            <Empty icon={PackageOpen} title="There is no such type of task">
              The contract of this gateway has no task {name}. Choose one from the list.
            </Empty>
          ) : types.isPending ? (
            <div className="body">
              <Skeleton lines={6} height={30} />
            </div>
          ) : (
            <Empty icon={Play} title="What is to be done?">
              Choose a type of task. Its form comes from its contract; what you start continues even when you
              close this page.
            </Empty>
          )}
        </section>
      </div>
    </>
  );
}

function StartForm({ name }: { readonly name: string }) {
  const types = useQuery(typesQuery);
  const type = types.data?.find(one => one.name === name);
  const [, navigate] = useLocation();
  const [search] = useSearchParams();
  const from = search.get('from');
  const earlier = useQuery({ ...taskQuery(from ?? ''), enabled: from !== null });
  const [options, setOptions] = useState(noOptions);
  if (!type || (from !== null && earlier.isPending))
    return (
      <div className="body">
        <Skeleton lines={6} height={30} />
      </div>
    );
  return (
    <>
      <header className="about">
        <div>
          <h2>{type.title ?? type.name}</h2>
          <span className="mono muted">{type.name}</span>
        </div>
        {type.description !== undefined && <p className="muted">{type.description}</p>}
        {type.paused && (
          <p className="notice plain">
            <CirclePause aria-hidden />
            This type is paused: what is started waits until the type is resumed on the overview.
          </p>
        )}
      </header>
      <div className="body">
        <InputForm
          schema={type.input}
          {...(earlier.data === undefined
            ? {}
            : { start: withDefaults(earlier.data.input, type.input, type.input) })}
          submit={async input => {
            const task = await taskNamed(name).start(input, toStartOptions(options));
            navigate(`/tasks/${task.id}`);
          }}
        >
          {({ busy }) => (
            <>
              <details className="more">
                <summary>Priority, delay, idempotency key</summary>
                <StartOptionFields value={options} onChange={setOptions} />
              </details>
              <div className="actions">
                <Button type="submit" look="primary" disabled={busy}>
                  <Play aria-hidden /> {busy ? 'Starting…' : 'Start task'}
                </Button>
              </div>
            </>
          )}
        </InputForm>
      </div>
    </>
  );
}

/** The types in which every word of a search is found, those with it in their names first. */
export function findTypes(types: readonly TaskType[], search: string): TaskType[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const named = ({ name, title = '' }: TaskType) => `${name} ${title}`.toLowerCase();
  const all = (type: TaskType) => `${named(type)} ${(type.description ?? '').toLowerCase()}`;
  const rank = (type: TaskType) => (words.every(word => named(type).includes(word)) ? 0 : 1);
  return types
    .filter(type => words.every(word => all(type).includes(word)))
    .sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}
