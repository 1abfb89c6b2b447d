import { useContext } from 'react';
import { readField } from '../schema.ts';
import { ArrayField } from './arrayField.tsx';
import { BooleanField } from './booleanField.tsx';
import { ChoiceField } from './choiceField.tsx';
import { type FieldProps, FormContext } from './field.ts';
import { JsonField } from './jsonField.tsx';
import { MapField } from './mapField.tsx';
import { NumberField } from './numberField.tsx';
import { ObjectField } from './objectField.tsx';
import { TextField } from './textField.tsx';
import { UnionField } from './unionField.tsx';

/** The field for a schema, whatever it is. */
export function SchemaField({ schema, ...props }: FieldProps) {
  const { root } = useContext(FormContext);
  const field = readField(schema, root);
  switch (field.kind) {
    case 'object':
      return <ObjectField {...props} field={field} />;
    case 'array':
      return <ArrayField {...props} field={field} />;
    case 'map':
      return <MapField {...props} field={field} />;
    case 'union':
      return <UnionField {...props} field={field} />;
    case 'choice':
      return <ChoiceField {...props} field={field} />;
    case 'boolean':
      return <BooleanField {...props} field={field} />;
    case 'number':
      return <NumberField {...props} field={field} />;
    case 'text':
      return <TextField {...props} field={field} />;
    default:
      return <JsonField {...props} field={field} />;
  }
}
