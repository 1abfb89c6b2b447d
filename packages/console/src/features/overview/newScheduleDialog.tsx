import type { CreateSchedule } from '@longhaul/proto/wire';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { toast } from '../../components/toasts.tsx';
import { InputForm } from '../../form/inputForm.tsx';
import { schedulesQuery, typesQuery } from '../../gateway/queries.ts';
import { tasks } from '../../gateway/tasks.ts';

type Overlap = NonNullable<CreateSchedule['overlap']>;
const overlapWords: { readonly [O in Overlap]: string } = {
  skip: 'skip that time',
  queue: 'start another all the same',
  cancelPrevious: 'cancel it and start another',
};

/** A schedule as it was typed. */
type Typed = {
  readonly id: string;
  readonly by: 'every' | 'cron';
  readonly every: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly overlap: Overlap;
};
const begun: Typed = {
  id: '',
  by: 'every',
  every: '15m',
  cron: '30 2 * * *',
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  overlap: 'skip',
};

/** Makes a schedule of any type of task, with the form of its input. */
export function NewScheduleDialog({
  open,
  onOpenChange,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New schedule" wide>
      <ScheduleForm onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

function ScheduleForm({ onDone }: { readonly onDone: () => void }) {
  const types = useQuery(typesQuery);
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [typed, setTyped] = useState(begun);
  const id = useId();
  const type = types.data?.find(one => one.name === name);
  const create = async (input: unknown) => {
    const schedule = await tasks.$schedules.create({
      name,
      input,
      overlap: typed.overlap,
      ...(typed.by === 'every' ? { every: typed.every } : { cron: typed.cron, timeZone: typed.timeZone }),
      ...(typed.id === '' ? {} : { id: typed.id }),
    });
    toast(`The schedule ${schedule.id} is there.`);
    await client.invalidateQueries({ queryKey: schedulesQuery.queryKey });
    onDone();
  };
  const text = (key: 'id' | 'every' | 'cron' | 'timeZone', label: string, hint?: string) => (
    <div className="field">
      <label htmlFor={`${id}-${key}`}>
        {label}
        {key === 'id' && <span className="optional"> (optional)</span>}
      </label>
      <input
        id={`${id}-${key}`}
        className="input mono"
        autoComplete="off"
        value={typed[key]}
        onChange={event => setTyped({ ...typed, [key]: event.target.value })}
      />
      {hint !== undefined && <span className="hint">{hint}</span>}
    </div>
  );
  return (
    <div className="fields">
      <div className="field">
        <label htmlFor={`${id}-type`}>Type of task</label>
        <select
          id={`${id}-type`}
          className="input"
          value={name}
          onChange={event => setName(event.target.value)}
        >
          <option value="">Choose…</option>
          {types.data?.map(one => (
            <option key={one.name} value={one.name}>
              {one.title === undefined ? one.name : `${one.title} (${one.name})`}
            </option>
          ))}
        </select>
      </div>
      <div className="choices" role="radiogroup" aria-label="When it fires">
        {(['every', 'cron'] as const).map(by => (
          <label key={by} className="choice">
            <input
              type="radio"
              name={`${id}-by`}
              checked={typed.by === by}
              onChange={() => setTyped({ ...typed, by })}
            />
            {by === 'every' ? 'At an interval' : 'By a cron expression'}
          </label>
        ))}
      </div>
      {typed.by === 'every' ? (
        text('every', 'Every', 'Like 30s, 15m, 1h30m or 1d.')
      ) : (
        <div className="options">
          {text('cron', 'Cron expression', 'Minute, hour, day, month, weekday.')}
          {text('timeZone', 'Time zone')}
        </div>
      )}
      <div className="options">
        {text('id', 'Name', 'Letters, digits, “_” and “-”.')}
        <div className="field">
          <label htmlFor={`${id}-overlap`}>While the task before still runs</label>
          <select
            id={`${id}-overlap`}
            className="input"
            value={typed.overlap}
            onChange={event => setTyped({ ...typed, overlap: event.target.value as Overlap })}
          >
            {Object.entries(overlapWords).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </div>
      </div>
      {type ? (
        <InputForm key={type.name} schema={type.input} submit={create}>
          {({ busy }) => (
            <div className="actions">
              <Button onClick={onDone}>Go back</Button>
              <Button type="submit" look="primary" disabled={busy}>
                Create schedule
              </Button>
            </div>
          )}
        </InputForm>
      ) : (
        <div className="actions">
          <Button onClick={onDone}>Go back</Button>
        </div>
      )}
    </div>
  );
}
