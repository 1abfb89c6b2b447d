import { createTopology } from '@longhaul/proto/wire';
import { code, table } from './markers.ts';

/** Fields that the server writes in nanoseconds. */
const durations = new Set(['max_age', 'duplicate_window', 'ack_wait', 'priority_timeout']);

/** The configuration of both streams, field by field. */
export function streamTable(): string {
  const { requests, events } = createTopology().streams;
  return sideBySide({ [requests.name]: requests, [events.name]: events }, ['name']);
}

/** The configuration of the durable consumers, field by field. */
export function consumerTable(): string {
  const { requestStream, eventStream, consumers } = createTopology();
  return sideBySide({
    [`requests, on ${requestStream}`]: consumers.requests('audio.transcribe', 'normal'),
    [`firings, on ${requestStream}`]: consumers.schedules,
    [`projection, on ${eventStream}`]: consumers.projection,
  });
}

function sideBySide(columns: { readonly [name: string]: object }, without: readonly string[] = []): string {
  const configs = Object.values(columns);
  const fields = [...new Set(configs.flatMap(config => Object.keys(config)))].filter(
    field => !without.includes(field),
  );
  return table(
    ['field', ...Object.keys(columns)],
    fields.map(field => [code(field), ...configs.map(config => cell(field, config))]),
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
