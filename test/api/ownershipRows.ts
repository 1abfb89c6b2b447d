import type { PlainCall } from './plainTransports.ts';

/** What a call can be about: something of `owner`'s, or something that is not there. All ids have the same length. */
export type Target = { readonly owner: string; readonly taskId: string; readonly scheduleId: string };

/** How a caller who is no user is answered about another owner's. */
type Answer = 'ok' | 'FORBIDDEN';

/** A call about something that has an owner, and what becomes of it. */
export type OwnedRow = {
  readonly about: (target: Target) => PlainCall;
  /** Whether it needs a task that has ended. */
  readonly ended?: true;
  readonly operator: Answer;
  readonly admin: Answer;
  /** When enough of a stream has been read, where it does not end by itself. */
  readonly until?: (text: string) => boolean;
};

/** A call that is about nobody's things in particular: for callers themselves, or for everybody. */
export type FreeRow = {
  readonly call: PlainCall;
  readonly user: Answer;
  readonly operator: Answer;
  readonly admin: Answer;
  readonly until?: (text: string) => boolean;
};

const hang = 'script.hang';
const query = (path: string, input: unknown): PlainCall => ({ type: 'query', path, input });
const mutation = (path: string, input: unknown): PlainCall => ({ type: 'mutation', path, input });
const subscription = (path: string, input: unknown): PlainCall => ({ type: 'subscription', path, input });
const forEverybody = { user: 'ok', operator: 'ok', admin: 'ok' } as const;
const seen = { operator: 'ok', admin: 'ok' } as const;
const seenNotChanged = { operator: 'FORBIDDEN', admin: 'ok' } as const;
const hasSnapshot = (text: string) => text.includes('"snapshot"');

/**
 * What names a task, a schedule or an owner. A procedure is known by its path, where `<task>` stands for every task of the
 * contract; an HTTP route by its method and path (`GET /v1/tasks/{id}`), and its call has the type `route`.
 */
export const ownedRows: { readonly [name: string]: OwnedRow } = {
  '<task>.get': { about: ({ taskId: id }) => query(`${hang}.get`, { id }), ...seen },
  '<task>.result': { about: ({ taskId: id }) => query(`${hang}.result`, { id, waitMs: 0 }), ...seen },
  '<task>.watch': {
    about: ({ taskId: id }) => subscription(`${hang}.watch`, { id }),
    ...seen,
    until: hasSnapshot,
  },
  'tasks.get': { about: ({ taskId: id }) => query('tasks.get', { id }), ...seen },
  'tasks.list': { about: ({ owner }) => query('tasks.list', { owner }), ...seen },
  'tasks.retry': { about: ({ taskId: id }) => mutation('tasks.retry', { id }), ...seen, ended: true },
  'tasks.cancel': { about: ({ taskId: id }) => mutation('tasks.cancel', { id }), ...seen },
  'tasks.cancelMany': { about: ({ owner }) => mutation('tasks.cancelMany', { owner }), ...seen },
  'schedules.list': { about: ({ owner }) => query('schedules.list', { owner }), ...seen },
  'schedules.get': { about: ({ owner, scheduleId: id }) => query('schedules.get', { id, owner }), ...seen },
  'schedules.pause': {
    about: ({ owner, scheduleId: id }) => mutation('schedules.pause', { id, owner }),
    ...seenNotChanged,
  },
  'schedules.resume': {
    about: ({ owner, scheduleId: id }) => mutation('schedules.resume', { id, owner }),
    ...seenNotChanged,
  },
  'schedules.delete': {
    about: ({ owner, scheduleId: id }) => mutation('schedules.delete', { id, owner }),
    ...seenNotChanged,
  },
};

/** What names nobody's things. */
export const freeRows: { readonly [name: string]: FreeRow } = {
  '<task>.start': { call: mutation(`${hang}.start`, { input: {} }), ...forEverybody },
  '<task>.startMany': { call: mutation(`${hang}.startMany`, { tasks: [{ input: {} }] }), ...forEverybody },
  '<task>.run': { call: mutation(`${hang}.run`, { input: {}, waitMs: 0 }), ...forEverybody },
  'tasks.watch': {
    call: subscription('tasks.watch', {}),
    ...forEverybody,
    until: text => text.includes('"open"'),
  },
  'tasks.watchList': {
    call: subscription('tasks.watchList', {}),
    ...forEverybody,
    until: text => text.includes('"open"'),
  },
  'tasks.types': { call: query('tasks.types', undefined), ...forEverybody },
  'tasks.pause': {
    call: mutation('tasks.pause', { name: 'script.lie' }),
    user: 'FORBIDDEN',
    operator: 'FORBIDDEN',
    admin: 'ok',
  },
  'tasks.resume': {
    call: mutation('tasks.resume', { name: 'script.lie' }),
    user: 'FORBIDDEN',
    operator: 'FORBIDDEN',
    admin: 'ok',
  },
  'schedules.create': {
    call: mutation('schedules.create', { name: hang, input: {}, every: '1h' }),
    ...forEverybody,
  },
};
