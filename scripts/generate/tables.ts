import {
  builtInFailures,
  createTopology,
  errorCatalogue,
  isTerminal,
  type LifecycleType,
  statuses,
  transitions,
} from '@longhaul/proto/wire';
import { permissions, type Role, rolesFrom } from '../../services/gateway/src/auth/caller.ts';
import { code, table } from './markers.ts';

/** Every error of the gateway. */
export function errorTable(): string {
  return table(
    ['`data.reason`', 'tRPC code', 'HTTP status', 'what to do'],
    Object.entries(errorCatalogue).map(([reason, { trpc, http, advice }]) => [
      code(reason),
      code(trpc),
      String(http),
      advice,
    ]),
  );
}

/** Every failure that a task can have without declaring it. */
export function failureTable(): string {
  return table(
    ['`error.code`', 'what it means, and what to do'],
    Object.entries(builtInFailures).map(([failure, advice]) => [code(failure), advice]),
  );
}

/** Who may do what. */
export function permissionTable(): string {
  return table(
    ['to', "one's own", "another owner's, or everybody's"],
    Object.values(permissions).map(({ what, own, others }) => [what, whoFrom(own), whoFrom(others)]),
  );
}

function whoFrom(lowest: Role | 'nobody'): string {
  return lowest === 'nobody' ? 'nobody' : rolesFrom(lowest).join(', ');
}

const columnOf: { readonly [E in LifecycleType]: number } = {
  started: 0,
  child: 1,
  retrying: 2,
  released: 3,
  pausing: 4,
  paused: 5,
  resumed: 6,
  stopping: 7,
  completed: 8,
  failed: 9,
  canceled: 10,
};

/** Which status follows which event: the table that decides, as a table. */
export function statusTable(): string {
  const events = (Object.keys(columnOf) as LifecycleType[]).sort((a, b) => columnOf[a] - columnOf[b]);
  return table(
    ['status', ...events.map(code)],
    statuses.map(status => [
      isTerminal(status) ? `${code(status)} (terminal)` : code(status),
      ...events.map(event => {
        const next = transitions[status][event];
        return next === undefined ? 'ignored' : code(next);
      }),
    ]),
  );
}

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
