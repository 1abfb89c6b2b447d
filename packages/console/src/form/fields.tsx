import { CircleAlert, FileUp, Plus, Trash2 } from 'lucide-react';
import { createContext, type ReactNode, useContext, useId, useRef, useState } from 'react';
import { Button, IconButton } from '../components/button.tsx';
import { type FieldFault, isUnread, placeOf } from './faults.ts';
import { readJson, readNumber, toBase64 } from './inputs.ts';
import { branchOf, type Field, initialValue, readField, type Schema, titleOf, type Value } from './schema.ts';

/** What every field of one form shares. */
type Form = {
  readonly root: Schema;
  /** By place. */
  readonly faults: ReadonlyMap<string, string>;
  /** A field was left: from now on its faults are shown. */
  readonly touch: (place: string) => void;
};
export const FormContext = createContext<Form>({ root: {}, faults: new Map(), touch: () => {} });

type Path = FieldFault['path'];
type FieldProps = {
  readonly schema: Schema;
  readonly path: Path;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly name: string;
  readonly required: boolean;
};
type Part<K extends Field['kind']> = Omit<FieldProps, 'schema'> & {
  readonly field: Extract<Field, { kind: K }>;
};

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

/** A label, a field, what it is for and what is wrong with it, tied together for those who hear them. */
function Labelled({
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

function Fault({ id, text }: { readonly id?: string; readonly text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <span className="fault" id={id} role="alert">
      <CircleAlert aria-hidden />
      {text}
    </span>
  );
}

function labelsOf({ field, name }: { readonly field: Field; readonly name: string }) {
  return { title: field.title ?? titleOf(name), description: field.description };
}

function TextField({ field, value, onChange, ...place }: Part<'text'>) {
  const text = typeof value === 'string' ? value : '';
  // An optional text that is empty is not there; a needed one is, and its schema says what it thinks of that.
  const change = (next: string) => onChange(next === '' && !place.required ? undefined : next);
  const file = useRef<HTMLInputElement>(null);
  const load = async (chosen: File | undefined) => {
    if (chosen) change(field.look === 'file' ? await toBase64(chosen) : await chosen.text());
  };
  const label = labelsOf({ field, name: place.name });
  return (
    <Labelled {...label} {...place}>
      {ties => (
        <>
          {field.look === 'file' ? (
            <input
              {...ties}
              className="input"
              type="file"
              accept={
                typeof field.schema.contentMediaType === 'string' ? field.schema.contentMediaType : undefined
              }
              onChange={event => void load(event.target.files?.[0])}
            />
          ) : field.look === 'long' ? (
            <textarea
              {...ties}
              className="input mono"
              value={text}
              placeholder={exampleOf(field)}
              onChange={event => change(event.target.value)}
            />
          ) : (
            <input
              {...ties}
              className={field.look === 'path' ? 'input mono' : 'input'}
              type={field.schema.format === 'uri' ? 'url' : 'text'}
              spellCheck={field.look === 'path' ? false : undefined}
              autoComplete="off"
              value={text}
              placeholder={exampleOf(field)}
              onChange={event => change(event.target.value)}
            />
          )}
          {field.look === 'long' && (
            <div>
              <input
                ref={file}
                type="file"
                hidden
                aria-label={`${label.title} from a file`}
                onChange={event => void load(event.target.files?.[0])}
              />
              <Button tiny onClick={() => file.current?.click()}>
                <FileUp aria-hidden /> From a file…
              </Button>
            </div>
          )}
        </>
      )}
    </Labelled>
  );
}

function exampleOf({ example }: Field): string | undefined {
  return example === undefined ? undefined : `e.g. ${String(example)}`;
}

function NumberField({ field, value, onChange, ...place }: Part<'number'>) {
  const [typed, setTyped] = useState<string>();
  const shown = isUnread(value) ? value.unread : value === undefined ? '' : String(value);
  return (
    <Labelled {...labelsOf({ field, name: place.name })} {...place}>
      {({ onBlur, ...ties }) => (
        <input
          {...ties}
          className="input short"
          inputMode={field.whole ? 'numeric' : 'decimal'}
          autoComplete="off"
          // While it is typed "1." stays as it is, though the number is 1.
          value={typed ?? shown}
          placeholder={exampleOf(field)}
          onChange={event => {
            setTyped(event.target.value);
            onChange(readNumber(event.target.value));
          }}
          onBlur={() => {
            setTyped(undefined);
            onBlur();
          }}
        />
      )}
    </Labelled>
  );
}

function ChoiceField({ field, value, onChange, ...place }: Part<'choice'>) {
  const { options } = field;
  const at = options.indexOf(value);
  if (options.length === 1 && place.required) return null;
  return (
    <Labelled {...labelsOf({ field, name: place.name })} {...place}>
      {ties => (
        <select
          {...ties}
          className="input short"
          value={at === -1 ? '' : at}
          onChange={event =>
            onChange(event.target.value === '' ? undefined : options[Number(event.target.value)])
          }
        >
          {(at === -1 || !place.required) && <option value="">{place.required ? 'Choose…' : '–'}</option>}
          {options.map((option, index) => (
            <option key={JSON.stringify(option)} value={index}>
              {String(option)}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

function BooleanField({ field, value, onChange, name, path }: Part<'boolean'>) {
  const id = useId();
  const { faults } = useContext(FormContext);
  const { title, description } = labelsOf({ field, name });
  return (
    <div className="field">
      <label className="check" htmlFor={id}>
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          aria-describedby={description === undefined ? undefined : `${id}-hint`}
          onChange={event => onChange(event.target.checked)}
        />
        {title}
      </label>
      {description !== undefined && (
        <span className="hint" id={`${id}-hint`}>
          {description}
        </span>
      )}
      <Fault text={faults.get(placeOf(path))} />
    </div>
  );
}

function JsonField({ field, value, onChange, ...place }: Part<'json'>) {
  const [typed, setTyped] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  const { title, description } = labelsOf({ field, name: place.name });
  return (
    <Labelled title={title} description={description ?? 'As JSON.'} {...place}>
      {ties => (
        <textarea
          {...ties}
          className="input mono"
          spellCheck={false}
          value={typed}
          onChange={event => {
            setTyped(event.target.value);
            onChange(readJson(event.target.value));
          }}
        />
      )}
    </Labelled>
  );
}

/** A part with parts of its own. The outermost has no frame: the form is it. */
function Group({
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

function ObjectField({ field, value, onChange, name, path, required }: Part<'object'>) {
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

function ArrayField({ field, value, onChange, name, path }: Part<'array'>) {
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

function MapField({ field, value, onChange, name, path }: Part<'map'>) {
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

function UnionField({ field, value, onChange, name, path, required }: Part<'union'>) {
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
