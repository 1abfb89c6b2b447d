import { type ReactNode, useContext } from 'react';
import { placeOf } from '../faults.ts';
import type { Field } from '../schema.ts';
import { FormContext, type Path } from './field.ts';
import { Fault, labelsOf } from './labelled.tsx';

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
