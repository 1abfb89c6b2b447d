import type { PlainCall } from './plainTransports.ts';

/** What a call can be about: something of `owner`'s, or something that is not there. All ids have the same length. */
export type Target = { readonly owner: string; readonly taskId: string; readonly scheduleId: string };

/** How a caller who is no user is answered about another owner's. */
type Answer = 'ok' | 'FORBIDDEN' | 'NOT_PAUSABLE';

/** A call about something that has an owner, and what becomes of it. */
export type OwnedRow = {
  readonly about: (target: Target) => PlainCall;
  /** Whether it needs a task that has ended. */
  readonly ended?: true;
  /** Whether it needs a task that has not. */
  readonly running?: true;
  /** Whether it answers a list or counts: what may not be seen is left out, and nothing is unknown. */
  readonly listed?: true;
  /** How its owner is answered. Default: `ok`. */
  readonly own?: Answer;
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
const route = (method: string, path: string, body?: unknown): PlainCall => ({
  type: 'route',
  method,
  path,
  ...(body === undefined ? {} : { body }),
});
const listed = { ...seen, listed: true } as const;
/** The tasks of these tests have no checkpoints, which those who may see them are told. */
const notPausable = { own: 'NOT_PAUSABLE', operator: 'NOT_PAUSABLE', admin: 'NOT_PAUSABLE' } as const;
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
  'tasks.list': { about: ({ owner }) => query('tasks.list', { owner }), ...listed },
  'tasks.retry': { about: ({ taskId: id }) => mutation('tasks.retry', { id }), ...seen, ended: true },
  'tasks.cancel': { about: ({ taskId: id }) => mutation('tasks.cancel', { id }), ...seen },
  'tasks.cancelMany': { about: ({ owner }) => mutation('tasks.cancelMany', { owner }), ...listed },
  'tasks.pauseTask': { about: ({ taskId: id }) => mutation('tasks.pauseTask', { id }), ...notPausable },
  'tasks.resumeTask': { about: ({ taskId: id }) => mutation('tasks.resumeTask', { id }), ...notPausable },
  'schedules.list': { about: ({ owner }) => query('schedules.list', { owner }), ...listed },
  'schedules.get': { about: ({ owner, scheduleId: id }) => query('schedules.get', { id, owner }), ...seen },
  'schedules.pause': {
    about: ({ owner, scheduleId: id }) => mutation('schedules.pause', { id, owner }),
    ...seenNotChanged,
  },
  'schedules.resume': {
    about: ({ owner, scheduleId: id }) => mutation('schedules.resume', { id, owner }),
    ...seenNotChanged,
  },
  'schedules.update': {
    about: ({ owner, scheduleId: id }) =>
      mutation('schedules.update', { id, owner, changes: { every: '2h' } }),
    ...seenNotChanged,
  },
  'schedules.run': {
    about: ({ owner, scheduleId: id }) => mutation('schedules.run', { id, owner }),
    ...seenNotChanged,
  },
  'schedules.delete': {
    about: ({ owner, scheduleId: id }) => mutation('schedules.delete', { id, owner }),
    ...seenNotChanged,
  },
  'GET /v1/tasks': { about: ({ owner }) => route('GET', `/v1/tasks?owner=${owner}`), ...listed },
  'GET /v1/tasks/{id}': { about: ({ taskId }) => route('GET', `/v1/tasks/${taskId}`), ...seen },
  'GET /v1/tasks/{id}/result': {
    about: ({ taskId }) => route('GET', `/v1/tasks/${taskId}/result`),
    ...seen,
    running: true,
  },
  'GET /v1/tasks/{id}/events': {
    about: ({ taskId }) => route('GET', `/v1/tasks/${taskId}/events`),
    ...seen,
    until: text => text.includes('event: snapshot'),
  },
  'POST /v1/tasks/{id}/retry': {
    about: ({ taskId }) => route('POST', `/v1/tasks/${taskId}/retry`),
    ...seen,
    ended: true,
  },
  'POST /v1/tasks/{id}/cancel': {
    about: ({ taskId }) => route('POST', `/v1/tasks/${taskId}/cancel`),
    ...seen,
  },
  'POST /v1/tasks/{id}/pause': {
    about: ({ taskId }) => route('POST', `/v1/tasks/${taskId}/pause`),
    ...notPausable,
  },
  'POST /v1/tasks/{id}/resume': {
    about: ({ taskId }) => route('POST', `/v1/tasks/${taskId}/resume`),
    ...notPausable,
  },
  'POST /v1/cancellations': {
    about: ({ owner }) => route('POST', '/v1/cancellations', { owner }),
    ...listed,
  },
  'GET /v1/schedules': { about: ({ owner }) => route('GET', `/v1/schedules?owner=${owner}`), ...listed },
  'GET /v1/schedules/{id}': {
    about: ({ owner, scheduleId }) => route('GET', `/v1/schedules/${scheduleId}?owner=${owner}`),
    ...seen,
  },
  'POST /v1/schedules/{id}/pause': {
    about: ({ owner, scheduleId }) => route('POST', `/v1/schedules/${scheduleId}/pause?owner=${owner}`),
    ...seenNotChanged,
  },
  'POST /v1/schedules/{id}/resume': {
    about: ({ owner, scheduleId }) => route('POST', `/v1/schedules/${scheduleId}/resume?owner=${owner}`),
    ...seenNotChanged,
  },
  'PATCH /v1/schedules/{id}': {
    about: ({ owner, scheduleId }) =>
      route('PATCH', `/v1/schedules/${scheduleId}?owner=${owner}`, { every: '2h' }),
    ...seenNotChanged,
  },
  'POST /v1/schedules/{id}/run': {
    about: ({ owner, scheduleId }) => route('POST', `/v1/schedules/${scheduleId}/run?owner=${owner}`),
    ...seenNotChanged,
  },
  'DELETE /v1/schedules/{id}': {
    about: ({ owner, scheduleId }) => route('DELETE', `/v1/schedules/${scheduleId}?owner=${owner}`),
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
  'system.executors': { call: query('system.executors', undefined), ...forEverybody },
  'system.queues': { call: query('system.queues', undefined), ...forEverybody },
  'system.throughput': { call: query('system.throughput', undefined), ...forEverybody },
  'system.watch': {
    call: subscription('system.watch', {}),
    ...forEverybody,
    until: text => /^id: /m.test(text),
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
  'POST /v1/tasks/<task>': { call: route('POST', `/v1/tasks/${hang}`, {}), ...forEverybody },
  'POST /v1/tasks/<task>/batch': {
    call: route('POST', `/v1/tasks/${hang}/batch`, { tasks: [{ input: {} }] }),
    ...forEverybody,
  },
  'POST /v1/schedules': {
    call: route('POST', '/v1/schedules', { name: hang, input: {}, every: '1h' }),
    ...forEverybody,
  },
  'GET /v1/task-types': { call: route('GET', '/v1/task-types'), ...forEverybody },
  'GET /v1/task-types/{name}': { call: route('GET', `/v1/task-types/${hang}`), ...forEverybody },
  'POST /v1/task-types/{name}/pause': {
    call: route('POST', '/v1/task-types/script.lie/pause'),
    user: 'FORBIDDEN',
    operator: 'FORBIDDEN',
    admin: 'ok',
  },
  'POST /v1/task-types/{name}/resume': {
    call: route('POST', '/v1/task-types/script.lie/resume'),
    user: 'FORBIDDEN',
    operator: 'FORBIDDEN',
    admin: 'ok',
  },
};
