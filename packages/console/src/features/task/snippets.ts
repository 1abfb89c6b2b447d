import type { AnyTaskRecord } from '@longhaul/proto';

/** An identifier may stand as it is behind a dot. */
const plainKey = /^[A-Za-z_$][\w$]*$/;
/** Larger inputs would hide the call that is to be shown. */
const inputLimit = 4_000;

/** The program that does what started this task. */
export function clientCode(record: AnyTaskRecord, url: string): string {
  const input = literal(record.input ?? {}, 0);
  const options = optionsOf(record);
  const call = `tasks.${record.name}.start(${input}${options === undefined ? '' : `, ${literal(options, 0)}`})`;
  return `import { createTasks } from '@longhaul/client';
import type { contract } from './contract.ts';

const tasks = createTasks<typeof contract>({ url: '${url}' });
const task = await ${call};

for await (const event of task.events()) {
  if (event.type === 'progress') console.log(event.progress);
}
console.log(await task.result());
`;
}

/** The same for a shell, over REST. */
export function curlCommand(record: AnyTaskRecord, url: string): string {
  const body = JSON.stringify(record.input ?? {});
  const cut = body.length > inputLimit ? `${body.slice(0, inputLimit)}…` : body;
  const query = record.priority === 'normal' ? '' : `?priority=${record.priority}`;
  return `curl -i '${url}/v1/tasks/${record.name}${query}' \\
  -H 'Content-Type: application/json' \\
  -d '${cut.replaceAll("'", "'\\''")}'

# How it stands, and what happens to it:
curl '${url}/v1/tasks/${record.id}'
curl -N '${url}/v1/tasks/${record.id}/events'
`;
}

function optionsOf({ priority, policy }: AnyTaskRecord): object | undefined {
  const options = {
    ...(priority === 'normal' ? {} : { priority }),
    ...(policy === undefined ? {} : { policy }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

/** A value as TypeScript writes it. */
export function literal(value: unknown, depth: number): string {
  if (typeof value === 'string') {
    const cut = value.length > inputLimit ? `${value.slice(0, inputLimit)}…` : value;
    return `'${cut.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(([key, part]) => {
    const text = literal(part, depth + 1);
    return isList ? text : `${plainKey.test(key) ? key : `'${key}'`}: ${text}`;
  });
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const space = isList ? '' : ' ';
  const short = `${open}${space}${parts.join(', ')}${space}${close}`;
  if (short.length <= 70 && !short.includes('\n')) return short;
  const indent = '  '.repeat(depth + 1);
  return `${open}\n${parts.map(part => `${indent}${part},\n`).join('')}${'  '.repeat(depth)}${close}`;
}
