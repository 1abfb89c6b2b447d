import { Tabs } from 'radix-ui';
import { type ReactNode, type SubmitEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { Failed } from '../components/states.tsx';
import { faultOf } from '../gateway/faults.ts';
import { session } from '../gateway/session.ts';
import { type FieldFault, faultsIn, isUnread, placeOf } from './faults.ts';
import { FormContext } from './fields/field.tsx';
import { SchemaField } from './fields/schemaField.tsx';
import { readJson, toJson } from './inputs.ts';
import { initialValue, type Schema, type Value } from './schema.ts';
import './form.css';

/**
 * A form for any input, made of its JSON Schema, or the same as JSON. Faults stand at their fields: those that the
 * page can see as soon as a field was left, and those that the gateway finds when it is sent.
 */
export function InputForm({
  schema,
  start,
  submit,
  children,
}: {
  readonly schema: Schema;
  /** What to begin with instead of the defaults. */
  readonly start?: Value;
  /** Sends it. What it throws is shown, each issue at its field. */
  readonly submit: (input: Value) => Promise<void>;
  /** What stands below the fields: further options, and the button that submits. */
  readonly children: (state: { readonly busy: boolean; readonly input: Value }) => ReactNode;
}) {
  const [value, setValue] = useState<Value>(() => start ?? initialValue(schema, schema));
  const [json, setJson] = useState<string>();
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const [refusal, setRefusal] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const jsonId = useId();

  const own = useMemo(() => faultsIn(schema, schema, value), [schema, value]);
  const faults = useMemo(() => {
    const shown = new Map<string, string>();
    const add = ({ path, message }: FieldFault) => {
      const place = placeOf(path);
      if (!shown.has(place)) shown.set(place, message);
    };
    for (const fault of own) if (tried || touched.has(placeOf(fault.path))) add(fault);
    if (refusal !== undefined) for (const issue of faultOf(refusal).issues) add(issue);
    return shown;
  }, [own, tried, touched, refusal]);

  const change = (next: Value) => {
    setValue(next);
    setRefusal(undefined);
  };
  // An effect: the field is marked as invalid when it runs, which one animation frame after the refusal it may not be.
  const [shownFaults, setShownFaults] = useState(0);
  useEffect(() => {
    if (shownFaults > 0)
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')?.focus();
  }, [shownFaults]);
  const showFault = () => setShownFaults(count => count + 1);
  const send = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    // As JSON anything may be sent that is JSON: the gateway says what is wrong with it.
    if (json === undefined ? own.length > 0 : isUnread(readJson(json))) {
      showFault();
      return;
    }
    setBusy(true);
    setRefusal(undefined);
    try {
      await submit(toJson(json === undefined ? value : readJson(json)));
    } catch (error) {
      // Without credentials nothing was said of the input: it waits for the sign-in as it is.
      if (session.refused(error)) return;
      setRefusal(error);
      showFault();
    } finally {
      setBusy(false);
    }
  };
  const mode = json === undefined ? 'form' : 'json';
  const switchTo = (next: string) => {
    if (next === 'json') setJson(JSON.stringify(toJson(value) ?? null, null, 2));
    else {
      const read = readJson(json ?? '');
      if (!isUnread(read)) change(read);
      setJson(undefined);
    }
  };
  const unplaced = refusal !== undefined && (faultOf(refusal).issues.length === 0 || json !== undefined);
  const context = {
    root: schema,
    faults,
    touch: (place: string) =>
      setTouched(before => (before.has(place) ? before : new Set([...before, place]))),
  };

  return (
    <form ref={form} className="form" noValidate onSubmit={event => void send(event)}>
      <Tabs.Root value={mode} onValueChange={switchTo}>
        <div className="form-head">
          <h2>Input</h2>
          <Tabs.List className="tabs" aria-label="How to write the input">
            <Tabs.Trigger value="form">Form</Tabs.Trigger>
            <Tabs.Trigger value="json">JSON</Tabs.Trigger>
          </Tabs.List>
        </div>
        <Tabs.Content value="form" className="fields" tabIndex={-1}>
          <FormContext value={context}>
            <SchemaField schema={schema} path={[]} name="Input" value={value} required onChange={change} />
          </FormContext>
        </Tabs.Content>
        <Tabs.Content value="json" className="fields" tabIndex={-1}>
          <div className="field">
            <label htmlFor={jsonId}>Input as JSON</label>
            <textarea
              id={jsonId}
              className="input mono tall"
              spellCheck={false}
              value={json ?? ''}
              aria-invalid={tried && isUnread(readJson(json ?? ''))}
              onChange={event => {
                setJson(event.target.value);
                setRefusal(undefined);
              }}
            />
            {isUnread(readJson(json ?? '')) && <span className="hint">This is no JSON yet.</span>}
          </div>
        </Tabs.Content>
      </Tabs.Root>
      {unplaced && <Failed error={refusal} />}
      {children({ busy, input: toJson(json === undefined ? value : readJson(json)) })}
    </form>
  );
}
