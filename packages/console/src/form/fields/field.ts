import { createContext } from 'react';
import type { FieldFault } from '../faults.ts';
import type { Field, Schema, Value } from '../schema.ts';

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

/** Where a field stands, what is in it, and who is told of a change. */
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
