import { useState } from 'react';
import { readJson } from '../inputs.ts';
import type { Part } from './field.ts';
import { Labelled, labelsOf } from './labelled.tsx';

/** What no other field fits, written as JSON. */
export function JsonField({ field, value, onChange, ...place }: Part<'json'>) {
  const [typed, setTyped] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  const { title, description } = labelsOf({ field, name: place.name });
  return (
    <Labelled title={title} description={description ?? 'As JSON.'} {...place}>
      {ties => (
        <textarea
          {...ties}
          className="input mono"
          spellCheck={false}
          value={typed}
          onChange={event => {
            setTyped(event.target.value);
            onChange(readJson(event.target.value));
          }}
        />
      )}
    </Labelled>
  );
}
