import type { AnyTaskRecord } from '@longhaul/proto/wire';
import { shellJson, shellWord, tsLiteral, tsPath, tsString } from './quote.ts';

/** The program that does what started this task. */
export function clientCode(record: AnyTaskRecord, url: string): string {
  const input = tsLiteral(record.input ?? {});
  const options = optionsOf(record);
  const call = `tasks${tsPath(record.name.split('.'))}.start(${input}${options === undefined ? '' : `, ${tsLiteral(options)}`})`;
  return `import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

const tasks = createClient<typeof contract>({ url: ${tsString(url)} });
const task = await ${call};

for await (const event of task.events()) {
  if (event.type === 'progress') console.log(event.progress);
}
console.log(await task.result());
`;
}

/** The same for a shell, over REST. */
export function curlCommand(record: AnyTaskRecord, url: string): string {
  const query = record.priority === 'normal' ? '' : `?priority=${encodeURIComponent(record.priority)}`;
  const start = `${url}/v1/tasks/${encodeURIComponent(record.name)}${query}`;
  const task = `${url}/v1/tasks/${encodeURIComponent(record.id)}`;
  return `curl -i ${shellWord(start)} \\
  -H 'Content-Type: application/json' \\
  -d ${shellJson(record.input ?? {})}

# How it stands, and what happens to it:
curl ${shellWord(task)}
curl -N ${shellWord(`${task}/events`)}
`;
}

function optionsOf({ priority, policy }: AnyTaskRecord): object | undefined {
  const options = {
    ...(priority === 'normal' ? {} : { priority }),
    ...(policy === undefined ? {} : { policy }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}
