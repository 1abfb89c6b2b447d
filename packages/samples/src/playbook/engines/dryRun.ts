import { z } from 'zod';
import type { Finding } from '../playbookTypes.ts';
import { parseMessages } from './ansibleMessages.ts';

/** How many tasks of a dry run ended how, over all hosts. */
export type Recap = {
  ok: number;
  changed: number;
  unreachable: number;
  failed: number;
  skipped: number;
  rescued: number;
  ignored: number;
};

/** The name of the task that begins with this line of output, or `undefined`. */
export function taskStartedIn(line: string): string | undefined {
  return /^(?:TASK|RUNNING HANDLER) \[(.*)\] \**$/.exec(line)?.[1];
}

/** Reads the lines behind `PLAY RECAP`; `null` when the run did not come so far. */
export function parseRecap(output: string): Recap | null {
  const start = output.lastIndexOf('PLAY RECAP');
  if (start < 0) return null;
  const recap: Recap = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
  for (const [, name, count] of output.slice(start).matchAll(/\b([a-z]+)=(\d+)/g)) {
    if (name && Object.hasOwn(recap, name)) recap[name as keyof Recap] += Number(count);
  }
  return recap;
}

/** Where a task stands, by its name. */
export type PlaceOfTask = (name: string) => {
  readonly file: string;
  readonly line: number;
  readonly column: number;
};

/** Reads the failures in the output of a dry run, but for those that the playbook ignores. */
export function parseFailures(output: string, placeOfTask: PlaceOfTask): Finding[] {
  return sectionsOf(output).flatMap(({ task, lines }) => {
    if (lines.includes('...ignoring')) return [];
    const place = placeOfTask(task ?? '');
    const messages = parseMessages(lines.join('\n'), 'task-failed', place.file);
    if (messages.some(({ severity }) => severity === 'error')) return messages;
    // ansible-core before 2.19 says no more of a failure than its result.
    return [...messages, ...lines.flatMap(line => failureIn(line, place))];
  });
}

type Place = ReturnType<PlaceOfTask>;

function failureIn(line: string, place: Place): Finding[] {
  const result = /^(?:fatal|failed): \[.*?\].*?: (?<how>FAILED|UNREACHABLE)! => (?<json>.*)$/.exec(
    line,
  )?.groups;
  if (result === undefined) return [];
  const text = `${result.how === 'UNREACHABLE' ? 'Unreachable: ' : ''}${messageOf(result.json ?? '')}`;
  // Its message may name a place more exact than the task's.
  return parseMessages(`ERROR! ${text}`, 'task-failed', '').map(finding =>
    finding.file === '' ? { ...finding, ...place } : finding,
  );
}

function sectionsOf(output: string) {
  const sections: { readonly task: string | undefined; readonly lines: string[] }[] = [
    { task: undefined, lines: [] },
  ];
  for (const line of output.split('\n')) {
    const task = taskStartedIn(line);
    if (task !== undefined || line.startsWith('PLAY ')) sections.push({ task, lines: [] });
    sections.at(-1)?.lines.push(line);
  }
  return sections;
}

const taskResult = z.object({ msg: z.string() });

function messageOf(json: string): string {
  try {
    const result = taskResult.safeParse(JSON.parse(json));
    return result.success ? result.data.msg : json;
  } catch {
    return json;
  }
}
