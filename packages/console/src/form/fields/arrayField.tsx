import { Plus, Trash2 } from 'lucide-react';
import { useContext } from 'react';
import { Button, IconButton } from '../../components/button.tsx';
import { initialValue, titleOf, type Value } from '../schema.ts';
import { FormContext, type Part } from './field.ts';
import { Group } from './group.tsx';
import { SchemaField } from './schemaField.tsx';

/** As many of one kind as are wanted, in order. */
export function ArrayField({ field, value, onChange, name, path }: Part<'array'>) {
  const { root } = useContext(FormContext);
  const items = Array.isArray(value) ? (value as readonly Value[]) : [];
  const title = field.title ?? titleOf(name);
  return (
    <Group field={field} name={name} path={path}>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items have no identity but their place
        <div className="item" key={index}>
          <SchemaField
            schema={field.items}
            name={`${index + 1}`}
            path={[...path, index]}
            value={item}
            required
            onChange={next => onChange(items.with(index, next))}
          />
          <IconButton
            label={`Remove ${title} ${index + 1}`}
            onClick={() => onChange(items.toSpliced(index, 1))}
          >
            <Trash2 aria-hidden />
          </IconButton>
        </div>
      ))}
      <div>
        <Button tiny onClick={() => onChange([...items, initialValue(field.items, root)])}>
          <Plus aria-hidden /> Add to {title.toLowerCase()}
        </Button>
      </div>
    </Group>
  );
}
