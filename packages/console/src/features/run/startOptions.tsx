import type { Priority, StartOptions } from '@longhaul/proto/wire';
import { useId } from 'react';

/** What the form knows of how a task is started, as it was typed. */
export type TypedOptions = {
  readonly priority: Priority;
  readonly delay: string;
  readonly delayUnit: keyof typeof unitsMs;
  readonly idempotencyKey: string;
};
export const noOptions: TypedOptions = {
  priority: 'normal',
  delay: '',
  delayUnit: 'minutes',
  idempotencyKey: '',
};

const unitsMs = { seconds: 1_000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

/** What is sent of them: nothing that is as it is anyway. */
export function toStartOptions({ priority, delay, delayUnit, idempotencyKey }: TypedOptions): StartOptions {
  const amount = Number(delay.replace(',', '.'));
  return {
    ...(priority === 'normal' ? {} : { priority }),
    ...(delay.trim() === '' || !(amount > 0) ? {} : { delayMs: Math.round(amount * unitsMs[delayUnit]) }),
    ...(idempotencyKey === '' ? {} : { idempotencyKey }),
  };
}

export function StartOptionFields({
  value,
  onChange,
}: {
  readonly value: TypedOptions;
  readonly onChange: (value: TypedOptions) => void;
}) {
  const id = useId();
  return (
    <div className="options">
      <div className="field">
        <label htmlFor={`${id}-priority`}>Priority</label>
        <select
          id={`${id}-priority`}
          className="input"
          value={value.priority}
          onChange={event => onChange({ ...value, priority: event.target.value as Priority })}
        >
          <option value="high">high</option>
          <option value="normal">normal</option>
          <option value="low">low</option>
        </select>
      </div>
      <div className="field">
        <label htmlFor={`${id}-delay`}>
          Delay<span className="optional"> (optional)</span>
        </label>
        <div className="pair">
          <input
            id={`${id}-delay`}
            className="input"
            inputMode="decimal"
            autoComplete="off"
            placeholder="none"
            value={value.delay}
            onChange={event => onChange({ ...value, delay: event.target.value })}
          />
          <select
            className="input"
            aria-label="Unit of the delay"
            value={value.delayUnit}
            onChange={event =>
              onChange({ ...value, delayUnit: event.target.value as TypedOptions['delayUnit'] })
            }
          >
            {Object.keys(unitsMs).map(unit => (
              <option key={unit}>{unit}</option>
            ))}
          </select>
        </div>
      </div>
      <div className="field">
        <label htmlFor={`${id}-key`}>
          Idempotency key<span className="optional"> (optional)</span>
        </label>
        <input
          id={`${id}-key`}
          className="input mono"
          autoComplete="off"
          maxLength={256}
          value={value.idempotencyKey}
          onChange={event => onChange({ ...value, idempotencyKey: event.target.value })}
        />
        <span className="hint">The same key gives the same task, however often it is started.</span>
      </div>
    </div>
  );
}
