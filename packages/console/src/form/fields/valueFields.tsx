import { FileUp } from 'lucide-react';
import { useContext, useId, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { isUnread, placeOf } from '../faults.ts';
import { readJson, readNumber, toBase64 } from '../inputs.ts';
import { exampleOf, Fault, FormContext, Labelled, labelsOf, type Part } from './field.tsx';

/** A text: of one line or many, a path, or the contents of a file. */
export function TextField({ field, value, onChange, ...place }: Part<'text'>) {
  const text = typeof value === 'string' ? value : '';
  // An optional text that is empty is not there; a needed one is, and its schema says what it thinks of that.
  const change = (next: string) => onChange(next === '' && !place.required ? undefined : next);
  const file = useRef<HTMLInputElement>(null);
  const load = async (chosen: File | undefined) => {
    if (chosen) change(field.look === 'file' ? await toBase64(chosen) : await chosen.text());
  };
  const label = labelsOf({ field, name: place.name });
  return (
    <Labelled {...label} {...place}>
      {ties => (
        <>
          {field.look === 'file' ? (
            <input
              {...ties}
              className="input"
              type="file"
              accept={
                typeof field.schema.contentMediaType === 'string' ? field.schema.contentMediaType : undefined
              }
              onChange={event => void load(event.target.files?.[0])}
            />
          ) : field.look === 'long' ? (
            <textarea
              {...ties}
              className="input mono"
              value={text}
              placeholder={exampleOf(field)}
              onChange={event => change(event.target.value)}
            />
          ) : (
            <input
              {...ties}
              className={field.look === 'path' ? 'input mono' : 'input'}
              type={field.schema.format === 'uri' ? 'url' : 'text'}
              spellCheck={field.look === 'path' ? false : undefined}
              autoComplete="off"
              value={text}
              placeholder={exampleOf(field)}
              onChange={event => change(event.target.value)}
            />
          )}
          {field.look === 'long' && (
            <div>
              <input
                ref={file}
                type="file"
                hidden
                aria-label={`${label.title} from a file`}
                onChange={event => void load(event.target.files?.[0])}
              />
              <Button tiny onClick={() => file.current?.click()}>
                <FileUp aria-hidden /> From a file…
              </Button>
            </div>
          )}
        </>
      )}
    </Labelled>
  );
}

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
