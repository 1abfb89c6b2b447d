import { useState } from 'react';
import { isUnread } from '../faults.ts';
import { readNumber } from '../inputs.ts';
import type { Part } from './field.ts';
import { exampleOf, Labelled, labelsOf } from './labelled.tsx';

/** A number. What is none stays as it was typed, and is a fault. */
export function NumberField({ field, value, onChange, ...place }: Part<'number'>) {
  const [typed, setTyped] = useState<string>();
  const shown = isUnread(value) ? value.unread : value === undefined ? '' : String(value);
  return (
    <Labelled {...labelsOf({ field, name: place.name })} {...place}>
      {({ onBlur, ...ties }) => (
        <input
          {...ties}
          className="input short"
          inputMode={field.whole ? 'numeric' : 'decimal'}
          autoComplete="off"
          // While it is typed "1." stays as it is, though the number is 1.
          value={typed ?? shown}
          placeholder={exampleOf(field)}
          onChange={event => {
            setTyped(event.target.value);
            onChange(readNumber(event.target.value));
          }}
          onBlur={() => {
            setTyped(undefined);
            onBlur();
          }}
        />
      )}
    </Labelled>
  );
}
