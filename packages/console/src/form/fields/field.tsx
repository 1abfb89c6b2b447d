import { CircleAlert } from 'lucide-react';
import { createContext, type ReactNode, useContext, useId } from 'react';
import { type FieldFault, placeOf } from '../faults.ts';
import { type Field, type Schema, titleOf, type Value } from '../schema.ts';

/** What every field of one form shares. */
type Form = {
  readonly root: Schema;
  /** By place. */
  readonly faults: ReadonlyMap<string, string>;
  /** A field was left: from now on its faults are shown. */
  readonly touch: (place: string) => void;
};
export const FormContext = createContext<Form>({ root: {}, faults: new Map(), touch: () => {} });

export type Path = FieldFault['path'];

/** A field's path and value, and the callback for changes. */
export type FieldProps = {
  readonly schema: Schema;
  readonly path: Path;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly name: string;
  readonly required: boolean;
};
/** The same for one kind of field, once its schema has been read. */
export type Part<K extends Field['kind']> = Omit<FieldProps, 'schema'> & {
  readonly field: Extract<Field, { kind: K }>;
};

/** A label, a field, what it is for and what is wrong with it, connected for screen readers. */
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

/** The placeholder of an empty field. */
export function exampleOf({ example }: Field): string | undefined {
  return example === undefined ? undefined : `e.g. ${String(example)}`;
}

/** A part with parts of its own. The outermost has no frame: the form is it. */
export function Group({
  field,
  name,
  path,
  children,
}: {
  readonly field: Field;
  readonly name: string;
  readonly path: Path;
  readonly children: ReactNode;
}) {
  const { faults } = useContext(FormContext);
  const fault = <Fault text={faults.get(placeOf(path))} />;
  if (path.length === 0)
    return (
      <>
        {fault}
        {children}
      </>
    );
  const { title, description } = labelsOf({ field, name });
  return (
    <fieldset className="group">
      <legend>{title}</legend>
      {description !== undefined && <p className="hint muted small">{description}</p>}
      {fault}
      {children}
    </fieldset>
  );
}
