import type { TaskType } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type OutputFlags, print, printJson, printTable, styled } from '../output/output.ts';
import { lineText } from '../output/terminalText.ts';
import { findType } from './findType.ts';
import { type SchemaFlag, schemaFlags, typesOf } from './input/schemaFlags.ts';

/** `longhaul types [NAME]`: the task types of the gateway, or one with the flags of its input. */
export async function typesCommand(
  { client }: Connection,
  name: string | undefined,
  { json }: OutputFlags,
): Promise<undefined> {
  const types = await client.$types.list();
  if (name === undefined) {
    if (json) return printJson(types);
    return printTable(
      ['TYPE', 'PAUSED', 'TITLE'],
      types.map(type => [type.name, type.paused ? 'paused' : '', type.title ?? '']),
    );
  }
  const type = findType(types, name);
  if (json) return printJson(type);
  for (const line of describeType(type)) print(line);
}

/** A task type for people: what it does, and the flags of its input. */
export function describeType(type: TaskType): string[] {
  const flags = schemaFlags(type.input);
  const errors = Object.keys(type.errors);
  return [
    styled('bold', type.name) + (type.title === undefined ? '' : `  ${lineText(type.title)}`),
    ...(type.description === undefined ? [] : [lineText(type.description)]),
    ...(type.paused ? ['It is paused: new tasks wait.'] : []),
    '',
    flags.length === 0 ? 'The input has no fields: give it as JSON.' : 'Input:',
    ...flagLines(flags),
    ...(errors.length === 0 ? [] : ['', `Declared errors: ${errors.join(', ')}`]),
  ];
}

function flagLines(flags: readonly SchemaFlag[]): string[] {
  const left = flags.map(({ path, schema }) => `  --${path} ${kindOf(schema)}`.trimEnd());
  const width = Math.max(0, ...left.map(text => text.length));
  return flags.map(({ schema, required }, index) =>
    `${(left[index] ?? '').padEnd(width)}  ${notesOn(schema, required)}`.trimEnd(),
  );
}

function kindOf(schema: SchemaFlag['schema']): string {
  if (Array.isArray(schema.enum)) return schema.enum.join('|');
  const types = [...typesOf(schema)];
  if (types.length === 1 && types[0] === 'boolean') return '';
  if (types.includes('array')) return 'VALUE (again for more)';
  return types.length === 0 ? 'VALUE' : types.join('|');
}

function notesOn(schema: SchemaFlag['schema'], required: boolean): string {
  const { description, default: usual } = schema;
  return [
    ...(typeof description === 'string' ? [lineText(description)] : []),
    ...(usual === undefined ? (required ? ['(required)'] : []) : [`(default: ${JSON.stringify(usual)})`]),
  ].join(' ');
}
