import { Plus } from 'lucide-react';
import { useContext } from 'react';
import { Button } from '../../components/button.tsx';
import { initialValue, titleOf, type Value } from '../schema.ts';
import { FormContext, type Part } from './field.ts';
import { Group } from './group.tsx';
import { SchemaField } from './schemaField.tsx';

/** Parts by name. One that may be left out is a button until it is wanted. */
export function ObjectField({ field, value, onChange, name, path, required }: Part<'object'>) {
  const { root } = useContext(FormContext);
  if (value === undefined && !required) {
    return (
      <div className="field">
        <Button tiny onClick={() => onChange(initialValue(field.schema, root))}>
          <Plus aria-hidden /> {field.title ?? titleOf(name)}
        </Button>
      </div>
    );
  }
  const parts = (value ?? {}) as Readonly<Record<string, Value>>;
  return (
    <Group field={field} name={name} path={path}>
      {field.properties.map(({ key, schema, required: needed }) => (
        <SchemaField
          key={key}
          schema={schema}
          name={key}
          path={[...path, key]}
          value={parts[key]}
          required={needed}
          onChange={part => onChange({ ...parts, [key]: part })}
        />
      ))}
    </Group>
  );
}
