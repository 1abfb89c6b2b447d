import { FileUp } from 'lucide-react';
import { useRef } from 'react';
import { Button } from '../../components/button.tsx';
import { toBase64 } from '../inputs.ts';
import type { Part } from './field.ts';
import { exampleOf, Labelled, labelsOf } from './labelled.tsx';

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
