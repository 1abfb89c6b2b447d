import { createTopology } from '@longhaul/proto';
import { code, table } from './markers.ts';

/** Fields that the server writes in nanoseconds. */
const durations = new Set(['max_age', 'duplicate_window', 'ack_wait', 'priority_timeout']);

/** The configuration of both streams, field by field. */
export function streamTable(): string {
  const { requests, events } = createTopology().streams;
  return sideBySide([requests.name, requests], [events.name, events], ['name']);
}

/** The configuration of the durable consumers, field by field. */
export function consumerTable(): string {
  const { requestStream, eventStream, consumers } = createTopology();
  return sideBySide(
    [`requests, on ${requestStream}`, consumers.requests('audio.transcribe', 'normal')],
    [`projection, on ${eventStream}`, consumers.projection],
    [],
  );
}

function sideBySide(
  [leftName, left]: readonly [string, object],
  [rightName, right]: readonly [string, object],
  without: readonly string[],
): string {
  const fields = [...new Set([...Object.keys(left), ...Object.keys(right)])].filter(
    field => !without.includes(field),
  );
  return table(
    ['field', leftName, rightName],
    fields.map(field => [code(field), cell(field, left), cell(field, right)]),
  );
}

function cell(field: string, config: object): string {
  const value: unknown = Object.entries(config).find(([key]) => key === field)?.[1];
  if (value === undefined) return '';
  if (durations.has(field) && typeof value === 'number') return `${code(String(value))} (${duration(value)})`;
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

function duration(nanos: number): string {
  const seconds = nanos / 1_000_000_000;
  if (seconds % 86_400 === 0) return `${seconds / 86_400} days`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
