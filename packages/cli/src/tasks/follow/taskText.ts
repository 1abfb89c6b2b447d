import type { TaskStatus } from '@longhaul/proto';
import type { ShownEvent } from '@longhaul/proto/wire';
import { styled } from '../../output/output.ts';
import { lineText } from '../../output/terminalText.ts';

const colors = { COMPLETED: 'green', FAILED: 'red', CANCELED: 'yellow' } as const;

/** A status in its colour. */
export function styledStatus(status: TaskStatus, stream: NodeJS.WriteStream, width = 0): string {
  const text = status.padEnd(width);
  return Object.hasOwn(colors, status) ? styled(colors[status as keyof typeof colors], text, stream) : text;
}

const logStyles = { debug: 'dim', info: 'cyan', warn: 'yellow', error: 'red' } as const;

/** A log line of a task for people. */
export function logLine(
  event: Omit<Extract<ShownEvent, { type: 'log' }>, 'owner'>,
  stream: NodeJS.WriteStream,
): string {
  const fields = Object.entries(event.fields ?? {}).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const time = styled('dim', event.at.slice(11, 19), stream);
  return [
    time,
    styled(logStyles[event.level], event.level.padEnd(5), stream),
    lineText([event.message, ...fields].join('  ')),
  ].join('  ');
}
