import { useContext, useId } from 'react';
import { branchOf, initialValue, readField, titleOf } from '../schema.ts';
import { FormContext, type Part } from './field.ts';
import { Group } from './group.tsx';
import { SchemaField } from './schemaField.tsx';

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
