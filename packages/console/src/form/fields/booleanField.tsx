import { useContext, useId } from 'react';
import { placeOf } from '../faults.ts';
import { FormContext, type Part } from './field.ts';
import { Fault, labelsOf } from './labelled.tsx';

/** Yes or no. */
export function BooleanField({ field, value, onChange, name, path }: Part<'boolean'>) {
  const id = useId();
  const { faults } = useContext(FormContext);
  const { title, description } = labelsOf({ field, name });
  return (
    <div className="field">
      <label className="check" htmlFor={id}>
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          aria-describedby={description === undefined ? undefined : `${id}-hint`}
          onChange={event => onChange(event.target.checked)}
        />
        {title}
      </label>
      {description !== undefined && (
        <span className="hint" id={`${id}-hint`}>
          {description}
        </span>
      )}
      <Fault text={faults.get(placeOf(path))} />
    </div>
  );
}
