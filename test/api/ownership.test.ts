import { recordThat, type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { freeRows, type OwnedRow, ownedRows, type Target } from './ownershipRows.ts';
import { callOverHttp, openPlainSocket, type PlainAnswer, type PlainCall } from './plainTransports.ts';

/** Invariant 8, owner-only, over everything that can be called, by every role that can call. */

const callers = {
  ann: { 'x-owner': 'ann', 'x-role': 'user' },
  bob: { 'x-owner': 'bob', 'x-role': 'user' },
  operator: { 'x-owner': 'olga', 'x-role': 'operator' },
  admin: { 'x-owner': 'adam', 'x-role': 'admin' },
  nobody: { 'x-role': 'admin' },
} as const;
type CallerName = keyof typeof callers;

const identity = z.object({ 'x-owner': z.string(), 'x-role': z.enum(['user', 'operator', 'admin']) });

let stack: Stack<ScriptedContract>;
let url = '';
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    // Tasks stay where they are put.
    executors: 0,
    gateway: {
      // Nobody is a caller here, again and again.
      protection: { failedAuthenticationRate: 'off' },
      authenticate: ({ headers }) => {
        const { data } = identity.safeParse(headers);
        return data && { owner: data['x-owner'], role: data['x-role'] };
      },
    },
  });
  url = stack.gateways[0]?.url ?? '';
});
afterAll(() => stack[Symbol.asyncDispose]());

const tasksOf = (caller: CallerName) => stack.tasksOf({ url }, callers[caller]);

let made = 0;
/** Something of Ann's. Each has ids of its own, of equal length. */
async function annsThings(ended: boolean): Promise<Target> {
  made += 1;
  const tasks = tasksOf('ann');
  const task = await tasks.script.hang.start({});
  if (ended) await task.cancel();
  const status = ended ? 'CANCELED' : 'PENDING';
  await recordThat(stack.broker, status, record => record.id === task.id && record.status === status);
  const scheduleId = `nightly-${String(made).padStart(4, '0')}`;
  await tasks.script.hang.schedule({ id: scheduleId, every: '1h', input: {} });
  return { owner: 'ann', taskId: task.id, scheduleId };
}
/** Nothing, with names as long as Ann's. A schedule is looked for among Ann's. */
const nothing: Target = {
  owner: 'zoe',
  taskId: '01890000-0000-7000-8000-000000000000',
  scheduleId: 'nightly-none',
};

type Transport = (caller: CallerName, call: PlainCall, until?: OwnedRow['until']) => Promise<PlainAnswer>;
const http: Transport = (caller, call, until) => callOverHttp(url, call, callers[caller], until);
/** The same over WebSocket; what is refused is in the message alone. */
const webSocket: Transport = async (caller, call, until) => {
  if (call.type === 'route') throw new TypeError('A route is not called over WebSocket.');
  await using socket = await openPlainSocket(url, { headers: callers[caller] });
  const answered = socket.call(call);
  // A stream that is not refused continues: its first event is enough.
  const body = until ? await Promise.race([answered, socket.heard('"type":"data"')]) : await answered;
  answered.catch(() => {});
  return { status: 200, headers: {}, body };
};
const transports = { http, webSocket };

/** What refused a call, by the stable code in its answer: `ok` where nothing did. */
function outcomeOf({ status, body }: PlainAnswer): string {
  const reason = /"reason":"([A-Z_]+)"/.exec(body)?.[1];
  // What a route answers is a problem of RFC 9457, which has its code beside the status.
  const code = status >= 400 ? /"code":"([A-Z_]+)"/.exec(body)?.[1] : undefined;
  return reason ?? code ?? (status < 400 ? 'ok' : String(status));
}

/** An answer about one target as it would read about another. */
function asIfAbout(answer: PlainAnswer, from: Target, to: Target): PlainAnswer {
  const body = answer.body
    .replaceAll(from.taskId, to.taskId)
    .replaceAll(from.scheduleId, to.scheduleId)
    .replaceAll(`"${from.owner}"`, `"${to.owner}"`);
  return { ...answer, body };
}

/** A row of an HTTP route begins with its method. */
const isRoute = (name: string) => name.includes(' ');
/** The rows that go over a transport. */
const rowsOf = <R>(rows: Readonly<Record<string, R>>, transport: string) =>
  Object.entries(rows).filter(([name]) => transport === 'http' || !isRoute(name));

test('every procedure of the router has a row, and every row a procedure', () => {
  const router = stack.gateways[0]?.router;
  const procedures = Object.keys(router?._def.procedures ?? {}).map(path => {
    const verb = path.slice(path.lastIndexOf('.') + 1);
    return /^(tasks|schedules|system)\./.test(path) ? path : `<task>.${verb}`;
  });
  const rows = [...Object.keys(ownedRows), ...Object.keys(freeRows)].filter(name => !isRoute(name));
  expect(new Set(rows)).toEqual(new Set(procedures));
  expect(rows).toHaveLength(new Set(rows).size);
});

test('every operation of REST has a row, and every row an operation', async () => {
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(await (await fetch(`${url}/openapi.json`)).json());
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(
      method => `${method.toUpperCase()} ${path.replace(/^\/v1\/tasks\/script\.\w+/, '/v1/tasks/<task>')}`,
    ),
  );
  const rows = [...Object.keys(ownedRows), ...Object.keys(freeRows)].filter(isRoute);
  expect(new Set(rows)).toEqual(new Set(operations));
});

describe.each(Object.entries(transports))('over %s', (transport, send) => {
  describe.each(rowsOf(ownedRows, transport))('%s', (name, row) => {
    const { about, until } = row;
    test.each([false, true].filter(ended => !(ended ? row.running : row.ended)))(
      "somebody else's is answered like an unknown one (ended: %s)",
      async ended => {
        const anns = await annsThings(ended);
        // A schedule is named with its owner: the unknown one is looked for in the same place.
        const unknown = name.includes('schedules') ? { ...nothing, owner: 'ann' } : nothing;
        const isListed = row.listed === true;
        const ofUnknown = await send('bob', about(isListed ? nothing : unknown), until);
        const ofAnns = await send('bob', about(anns), until);
        expect(asIfAbout(ofAnns, anns, isListed ? nothing : unknown)).toEqual(ofUnknown);
        if (!isListed) expect(outcomeOf(ofUnknown)).toMatch(/^(TASK|SCHEDULE)_NOT_FOUND$/);
        if (transport === 'http') {
          const anonymous = await send('nobody', about(anns), until);
          expect(outcomeOf(anonymous)).toBe('UNAUTHENTICATED');
          expect(asIfAbout(anonymous, anns, unknown)).toEqual(await send('nobody', about(unknown), until));
        }
        // Nothing has become of it, and it is there for those who may see it.
        const { status } = await tasksOf('ann').$tasks.get(anns.taskId);
        expect(status).toBe(ended ? 'CANCELED' : 'PENDING');
        expect(await tasksOf('ann').$schedules.get(anns.scheduleId)).toMatchObject({ paused: false });
        for (const role of ['operator', 'admin'] as const)
          expect(`${role}: ${outcomeOf(await send(role, about(anns), until))}`).toBe(`${role}: ${row[role]}`);
      },
    );

    test('its owner is served', async () => {
      const own = await annsThings(row.ended === true);
      expect(outcomeOf(await send('ann', about(own), until))).toBe(row.own ?? 'ok');
    });
  });

  describe.each(rowsOf(freeRows, transport))('%s', (_name, row) => {
    test('is for those who may', async () => {
      for (const [caller, wanted] of [
        ['bob', row.user],
        ['operator', row.operator],
        ['admin', row.admin],
      ] as const) {
        const outcome = outcomeOf(await send(caller, row.call, row.until));
        expect(`${caller}: ${outcome}`).toBe(`${caller}: ${wanted}`);
      }
      if (transport !== 'http') return;
      expect(outcomeOf(await send('nobody', row.call, row.until))).toBe('UNAUTHENTICATED');
    });
  });
});

test('nobody is let in over WebSocket', async () => {
  await using socket = await openPlainSocket(url, { headers: callers.nobody });
  await socket.heard('UNAUTHENTICATED');
  expect(await socket.closed).toBeGreaterThan(0);
});

test('lists and streams without a name hold what the caller may see, and nothing else', async () => {
  const anns = await annsThings(false);
  const leave = new AbortController();
  const { $tasks, $schedules, script } = tasksOf('bob');
  const bobs = await script.hang.start({});
  const streams = [$tasks.watch({ signal: leave.signal }), $tasks.watch({ ids: [anns.taskId, bobs.id] })];
  for (const stream of streams) expect((await stream.next()).value).toMatchObject({ type: 'open' });
  const adminStream = tasksOf('admin').$tasks.watch({ ids: [anns.taskId] });
  await adminStream.next();
  // Ann's event is stored first: who sees the one of Bob's has had the chance to see it.
  await tasksOf('ann').$tasks.cancel(anns.taskId);
  await bobs.cancel();
  for (const stream of streams) {
    expect((await stream.next()).value).toMatchObject({ type: 'event', id: bobs.id });
    await stream.return();
  }
  expect((await adminStream.next()).value).toMatchObject({ type: 'event', id: anns.taskId });
  await adminStream.return();

  const listed = (await $tasks.list({ limit: 200 })).tasks;
  expect(new Set(listed.map(({ owner }) => owner))).toEqual(new Set(['bob']));
  const bobsSchedules = (await $schedules.list()).schedules;
  expect(new Set(bobsSchedules.map(({ owner }) => owner))).toEqual(new Set(['bob']));
  const seenByOperator = (await tasksOf('operator').$tasks.list({ limit: 200 })).tasks;
  expect(new Set(seenByOperator.map(({ owner }) => owner)).size).toBeGreaterThan(2);
  await expect.poll(async () => (await $tasks.list({ status: ['PENDING'] })).tasks.length).toBeGreaterThan(0);
  // Without a filter: everything of the caller's own, and nothing else.
  const waiting = await annsThings(false);
  await $tasks.cancelMany();
  expect((await tasksOf('ann').$tasks.get(waiting.taskId)).status).toBe('PENDING');
});
