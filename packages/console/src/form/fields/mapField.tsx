import { Plus, Trash2 } from 'lucide-react';
import { useContext, useId, useState } from 'react';
import { Button, IconButton } from '../../components/button.tsx';
import { initialValue, type Value } from '../schema.ts';
import { FormContext, type Part } from './field.ts';
import { Group } from './group.tsx';
import { SchemaField } from './schemaField.tsx';

/** Values under keys that are chosen here. */
export function MapField({ field, value, onChange, name, path }: Part<'map'>) {
  const { root } = useContext(FormContext);
  const [key, setKey] = useState('');
  const id = useId();
  const parts = (value ?? {}) as Readonly<Record<string, Value>>;
  const isFree = key !== '' && !Object.hasOwn(parts, key);
  return (
    <Group field={field} name={name} path={path}>
      {Object.entries(parts).map(([at, part]) => (
        <div className="item" key={at}>
          <SchemaField
            schema={{ title: at, ...field.values }}
            name={at}
            path={[...path, at]}
            value={part}
            required
            onChange={next => onChange({ ...parts, [at]: next })}
          />
          <IconButton
            label={`Remove ${at}`}
            onClick={() =>
              onChange(Object.fromEntries(Object.entries(parts).filter(([other]) => other !== at)))
            }
          >
            <Trash2 aria-hidden />
          </IconButton>
        </div>
      ))}
      <div className="item">
        <div className="field">
          <label htmlFor={id}>New key</label>
          <input id={id} className="input" value={key} onChange={event => setKey(event.target.value)} />
        </div>
        <Button
          disabled={!isFree}
          onClick={() => {
            onChange({ ...parts, [key]: initialValue(field.values, root) });
            setKey('');
          }}
        >
          <Plus aria-hidden /> Add
        </Button>
      </div>
    </Group>
  );
}
