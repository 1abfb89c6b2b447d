import { CircleAlert } from 'lucide-react';
import { type ReactNode, useContext, useId } from 'react';
import { placeOf } from '../faults.ts';
import { type Field, titleOf } from '../schema.ts';
import { FormContext, type Path } from './field.ts';

/** A label, a field, what it is for and what is wrong with it, tied together for those who hear them. */
export function Labelled({
  title,
  description,
  required,
  path,
  children,
}: {
  readonly title: string;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly path: Path;
  readonly children: (ties: {
    readonly id: string;
    readonly 'aria-invalid': boolean;
    readonly 'aria-describedby': string | undefined;
    readonly onBlur: () => void;
  }) => ReactNode;
}) {
  const { faults, touch } = useContext(FormContext);
  const id = useId();
  const place = placeOf(path);
  const fault = faults.get(place);
  const ties = [description === undefined ? '' : `${id}-hint`, fault === undefined ? '' : `${id}-fault`];
  return (
    <div className="field">
      <label htmlFor={id}>
        {title}
        {!required && <span className="optional"> (optional)</span>}
      </label>
      {children({
        id,
        'aria-invalid': fault !== undefined,
        'aria-describedby': ties.filter(Boolean).join(' ') || undefined,
        onBlur: () => touch(place),
      })}
      {description !== undefined && (
        <span className="hint" id={`${id}-hint`}>
          {description}
        </span>
      )}
      <Fault id={`${id}-fault`} text={fault} />
    </div>
  );
}

/** What is wrong with a field, said as it comes up. */
export function Fault({ id, text }: { readonly id?: string; readonly text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <span className="fault" id={id} role="alert">
      <CircleAlert aria-hidden />
      {text}
    </span>
  );
}

/** What people read at a field; without a title, its key in words. */
export function labelsOf({ field, name }: { readonly field: Field; readonly name: string }) {
  return { title: field.title ?? titleOf(name), description: field.description };
}

/** What stands in an empty field. */
export function exampleOf({ example }: Field): string | undefined {
  return example === undefined ? undefined : `e.g. ${String(example)}`;
}
