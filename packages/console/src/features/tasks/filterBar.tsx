import { statuses } from '@longhaul/proto/browser';
import type { TaskType } from '@longhaul/proto/wire';
import { Check, ChevronDown, Search, X } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useEffect, useId, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Status, statusWord } from '../../components/status.tsx';
import { isFiltered, noFilter, type UrlFilter, withinMs } from './urlFilter.ts';

/** The list waits while the reader types. */
const typingMs = 250;
const withinWords = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

export function FilterBar({
  filter,
  types,
  onChange,
}: {
  readonly filter: UrlFilter;
  readonly types: readonly TaskType[];
  readonly onChange: (filter: UrlFilter) => void;
}) {
  const id = useId();
  return (
    <search className="filters">
      <TypedFilter
        label="Search tasks"
        placeholder="Search id, type, owner, error"
        wide
        value={filter.text}
        onChange={text => onChange({ ...filter, text })}
      />
      <StatusFilter filter={filter} onChange={onChange} />
      <label className="sr-only" htmlFor={`${id}-name`}>
        Type
      </label>
      <select
        id={`${id}-name`}
        className="input"
        value={filter.name}
        onChange={event => onChange({ ...filter, name: event.target.value })}
      >
        <option value="">All types</option>
        {types.map(({ name, title }) => (
          <option key={name} value={name}>
            {title === undefined ? name : `${title} (${name})`}
          </option>
        ))}
        {filter.name !== '' && !types.some(({ name }) => name === filter.name) && (
          <option>{filter.name}</option>
        )}
      </select>
      <TypedFilter
        label="Owner"
        placeholder="Any owner"
        value={filter.owner}
        onChange={owner => onChange({ ...filter, owner })}
      />
      <label className="sr-only" htmlFor={`${id}-within`}>
        Time
      </label>
      <select
        id={`${id}-within`}
        className="input"
        value={filter.within}
        onChange={event => onChange({ ...filter, within: event.target.value as UrlFilter['within'] })}
      >
        <option value="">Any time</option>
        {Object.keys(withinMs).map(key => (
          <option key={key} value={key}>
            {withinWords[key as keyof typeof withinWords]}
          </option>
        ))}
      </select>
      {isFiltered(filter) && (
        <Button look="quiet" onClick={() => onChange(noFilter)}>
          <X aria-hidden /> Clear
        </Button>
      )}
    </search>
  );
}

function StatusFilter({
  filter,
  onChange,
}: {
  readonly filter: UrlFilter;
  readonly onChange: (filter: UrlFilter) => void;
}) {
  const { status } = filter;
  const text =
    status.length === 0
      ? 'Any status'
      : status.length < 3
        ? status.map(statusWord).join(', ')
        : `${status.length} statuses`;
  return (
    // Not modal: a modal menu would write a style element, which the page's policy forbids.
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button aria-label={`Status: ${text}`}>
          {text} <ChevronDown aria-hidden />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={5}>
          {statuses.map(one => (
            <DropdownMenu.CheckboxItem
              key={one}
              checked={status.includes(one)}
              // The menu stays: several can be chosen.
              onSelect={event => event.preventDefault()}
              onCheckedChange={on =>
                onChange({
                  ...filter,
                  status: statuses.filter(other => (other === one ? on : status.includes(other))),
                })
              }
            >
              <span className="tick">
                <DropdownMenu.ItemIndicator>
                  <Check aria-hidden />
                </DropdownMenu.ItemIndicator>
              </span>
              <Status status={one} />
            </DropdownMenu.CheckboxItem>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function TypedFilter({
  label,
  placeholder,
  value,
  wide = false,
  onChange,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly wide?: boolean;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), typingMs);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <div className={wide ? 'search wide' : 'search'}>
      {wide && <Search aria-hidden />}
      <label className="sr-only" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        type="search"
        placeholder={placeholder}
        maxLength={200}
        {...(wide ? { 'data-shortcut': 'search' } : {})}
        value={typed}
        onChange={event => setTyped(event.target.value)}
      />
    </div>
  );
}
