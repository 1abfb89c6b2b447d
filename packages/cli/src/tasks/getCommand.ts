import type { AnyTaskRecord } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type OutputFlags, print, printJson, styled } from '../output/output.ts';
import { terminalText } from '../output/terminalText.ts';

/** `longhaul get ID`: a task's record. */
export async function getCommand(
  { client }: Connection,
  id: string,
  { json }: OutputFlags,
): Promise<undefined> {
  const record = await client.$tasks.get(id);
  if (json) return printJson(record);
  const facts = factsOf(record);
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) {
    const lines = terminalText(value).split('\n');
    const indent = ' '.repeat(width + 2);
    print(`${styled('dim', name.padEnd(width))}  ${lines.join(`\n${indent}`)}`);
  }
}

function factsOf(record: AnyTaskRecord): (readonly [string, string])[] {
  const { id, name, status, owner, priority, attempt, failures, createdAt, startedAt, finishedAt } = record;
  const facts: [string, unknown][] = [
    ['id', id],
    ['type', name],
    ['status', status],
    ['owner', owner],
    ['priority', priority],
    ['attempt', attempt],
    ['failures', failures === 0 ? undefined : failures],
    ['created', createdAt],
    ['started', startedAt],
    ['finished', finishedAt],
    ['retry of', record.retryOf],
    ['parent', record.parent?.id],
    ['input', record.input],
    ['progress', record.progress],
    ['output', record.output],
    ['error', record.error && `${record.error.code}: ${record.error.message}`],
    ['reason', record.cancelReason],
  ];
  return facts.flatMap(([label, value]) =>
    value === undefined
      ? []
      : [[label, typeof value === 'string' ? value : JSON.stringify(value, null, 2)] as const],
  );
}
