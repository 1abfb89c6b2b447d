import type { Part } from './field.ts';
import { Labelled, labelsOf } from './labelled.tsx';

/** One of a few values. Where there is only one there is nothing to choose, and nothing to see. */
export function ChoiceField({ field, value, onChange, ...place }: Part<'choice'>) {
  const { options } = field;
  const at = options.indexOf(value);
  if (options.length === 1 && place.required) return null;
  return (
    <Labelled {...labelsOf({ field, name: place.name })} {...place}>
      {ties => (
        <select
          {...ties}
          className="input short"
          value={at === -1 ? '' : at}
          onChange={event =>
            onChange(event.target.value === '' ? undefined : options[Number(event.target.value)])
          }
        >
          {(at === -1 || !place.required) && <option value="">{place.required ? 'Choose…' : '–'}</option>}
          {options.map((option, index) => (
            <option key={JSON.stringify(option)} value={index}>
              {String(option)}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}
