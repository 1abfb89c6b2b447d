import { Plus, Trash2 } from 'lucide-react';
import { useContext, useId, useState } from 'react';
import { Button, IconButton } from '../../components/button.tsx';
import { branchOf, initialValue, readField, titleOf, type Value } from '../schema.ts';
import { type FieldProps, FormContext, Group, type Part } from './field.tsx';
import { BooleanField, ChoiceField, JsonField, NumberField, TextField } from './valueFields.tsx';

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

/** One of several forms, chosen above it. */
export function UnionField({ field, value, onChange, name, path, required }: Part<'union'>) {
  const { root } = useContext(FormContext);
  const id = useId();
  const at = branchOf(field.branches, value, root);
  const branch = field.branches[at];
  const titles = field.branches.map((schema, index) => {
    const { title, kind } = readField(schema, root);
    return title ?? (kind === 'object' || kind === 'json' ? `Form ${index + 1}` : titleOf(kind));
  });
  const about = branch && readField(branch, root).description;
  return (
    <Group field={field} name={name} path={path}>
      <div
        className="choices"
        role="radiogroup"
        aria-label={field.title ?? (path.length === 0 ? 'Kind of input' : titleOf(name))}
      >
        {titles.map((title, index) => (
          <label key={title} className="choice">
            <input
              type="radio"
              name={id}
              checked={index === at}
              onChange={() => {
                const next = field.branches[index];
                if (next) onChange(initialValue(next, root));
              }}
            />
            {title}
          </label>
        ))}
      </div>
      {about !== undefined && <p className="muted small">{about}</p>}
      {branch && (
        <SchemaField
          // Another branch is another form: nothing that was typed is carried over into it.
          key={at}
          schema={{ ...branch, title: undefined, description: undefined }}
          name={name}
          path={path}
          value={value}
          required={required}
          onChange={onChange}
        />
      )}
    </Group>
  );
}
