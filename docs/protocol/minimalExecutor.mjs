// A Longhaul executor without Longhaul: Node's own modules and the NATS text protocol, as a pattern for other
// languages. It runs one task, `demo.count`: { to, stepMs? } → { sum }. See "A minimal executor" in README.md.
//
//   node minimalExecutor.mjs nats://[user:password@]127.0.0.1:4222 [namespace]
//
// Whatever surprises it ends it. That is safe: an unfinished request is delivered again, here or elsewhere.

import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [url = 'nats://127.0.0.1:4222', namespace = 'tasks'] = process.argv.slice(2);
const name = 'demo.count';
const executor = `minimal-${process.pid}`;
const prefix = namespace === 'tasks' ? '' : `${namespace.toUpperCase()}_`;
const requestStream = `${prefix}TASKS`;
const eventStream = `${prefix}TASK_EVENTS`;

// ---- NATS: https://docs.nats.io/reference/reference-protocols/nats-protocol ----

const { hostname, port, username, password } = new URL(url);
// With the shipped permissions a user may subscribe to inboxes of its own prefix alone.
const inboxPrefix = username ? `_INBOX_${username}` : '_INBOX';
const socket = createConnection({ host: hostname, port: Number(port || 4222), noDelay: true });
const callbacks = new Map();
let lastSid = 0;
let received = Buffer.alloc(0);

const login = username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {};
// Not pedantic: the filter of a consumer, with its wildcards, is part of a subject that is published to.
const flags = { verbose: false, pedantic: false, headers: true, no_responders: true };
const hello = { ...flags, lang: 'text', version: '1', ...login };
socket.write(`CONNECT ${JSON.stringify(hello)}\r\n`);
socket.on('data', chunk => {
  received = Buffer.concat([received, chunk]);
  for (let end = received.indexOf('\r\n'); end >= 0; end = received.indexOf('\r\n')) {
    const line = received.toString('utf8', 0, end);
    const [verb, subject, sid, ...rest] = line.split(' ');
    let next = end + 2;
    if (verb === 'MSG' || verb === 'HMSG') {
      const total = Number(rest.at(-1));
      const head = verb === 'HMSG' ? Number(rest.at(-2)) : 0;
      if (received.length < next + total + 2) return; // The rest of it is on its way.
      const reply = rest.length > (head ? 2 : 1) ? rest[0] : undefined;
      const status = Number(received.toString('utf8', next + 9, next + 12)); // After "NATS/1.0 ".
      const data = received.toString('utf8', next + head, next + total);
      callbacks.get(sid)?.({ subject, reply, data, status: head && status ? status : undefined });
      next += total + 2;
    } else if (verb === 'PING') socket.write('PONG\r\n');
    else if (verb === '-ERR') throw new Error(line);
    received = received.subarray(next);
  }
});

function publish(subject, payload, { reply = '', headers } = {}) {
  const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  const fields = Object.entries(headers ?? {}).map(([key, value]) => `${key}: ${value}\r\n`);
  const head = Buffer.from(headers ? `NATS/1.0\r\n${fields.join('')}\r\n` : '');
  const sizes = headers ? `${head.length} ${head.length + body.length}` : body.length;
  const line = `${headers ? 'HPUB' : 'PUB'} ${subject} ${reply} ${sizes}\r\n`;
  socket.write(Buffer.concat([Buffer.from(line), head, body, Buffer.from('\r\n')]));
}

function subscribe(subject, callback) {
  const sid = String(++lastSid);
  callbacks.set(sid, callback);
  socket.write(`SUB ${subject} ${sid}\r\n`);
  return () => callbacks.delete(sid) && socket.write(`UNSUB ${sid}\r\n`);
}

function ask(subject, payload, { headers, timeoutMs = 5_000, signal } = {}) {
  return new Promise((resolve, reject) => {
    const inbox = `${inboxPrefix}.${randomUUID()}`;
    const timer = setTimeout(() => reject(new Error(`No answer on ${subject}`)), timeoutMs);
    const finish = message => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', withdraw);
      stop();
      resolve(message);
    };
    const withdraw = () => finish({});
    const stop = subscribe(inbox, finish);
    signal?.addEventListener('abort', withdraw);
    publish(subject, payload, { reply: inbox, headers });
  });
}

async function askJson(subject, payload, headers) {
  const { status, data } = await ask(subject, payload, { headers });
  if (status) throw new Error(`${subject} answered ${status}: is JetStream on, and has a gateway run?`);
  return JSON.parse(data);
}

// ---- The event log of one task ----

const taskEvents = id => `${namespace}.event.${id}`;
const ended = ['COMPLETED', 'FAILED', 'CANCELED'];

/** The last message below a subject, as the stream's leader has it, which cannot lag behind. */
async function lastMessage(subject) {
  const query = { last_by_subj: subject };
  const { message, error } = await askJson(`$JS.API.STREAM.MSG.GET.${eventStream}`, query);
  if (error?.code === 404) return undefined;
  if (error) throw new Error(error.description);
  const event = JSON.parse(Buffer.from(message.data, 'base64').toString('utf8'));
  return { seq: message.seq, event };
}

/** Where the log ends: the state that the last lifecycle event carries, and the sequence of the last event of any kind. */
async function readEnd(id) {
  const last = await lastMessage(`${taskEvents(id)}.>`);
  if (!last) return { last: 0, state: { status: 'PENDING', attempt: 0, failures: 0, losses: 0, events: 0 } };
  const life = last.event.state ? last : await lastMessage(`${taskEvents(id)}.life.${name}`);
  return { last: Math.max(last.seq, life.seq), state: life.event.state };
}

/** The state after an event, which the event carries. */
function stateAfter({ nextAttemptAt: _waited, held, pause, ...before }, event) {
  const wasRunning = ['RUNNING', 'PAUSED'].includes(before.status);
  const reason = event.reason === undefined ? {} : { cancelReason: event.reason };
  const next = { ...before, events: before.events + 1 };
  switch (event.type) {
    case 'started': {
      const losses = before.losses + (wasRunning ? 1 : 0); // Nobody ended the attempt before: its executor was lost.
      const begun = { attempt: event.attempt, executor, held: true, losses };
      return { ...next, ...(pause ? { pause } : {}), status: 'RUNNING', ...begun };
    }
    case 'stopping':
      return { ...next, ...(held ? { held } : {}), status: 'STOPPING', ...reason };
    case 'released':
      return { ...next, ...(pause ? { pause } : {}), status: 'PENDING' };
    case 'completed':
      return { ...next, status: 'COMPLETED' };
    case 'failed':
      return { ...next, status: 'FAILED', failures: before.failures + 1 };
    case 'canceled':
      return { ...next, status: 'CANCELED', ...reason };
  }
}

/** Publishes an event behind the last known one; the first of a log carries the request. */
async function publishEvent(task, event) {
  const kind = event.type === 'progress' ? 'progress' : 'life';
  const first = task.last === 0 ? { task: task.request } : {};
  const head = { v: 2, ...event, owner: task.request.owner, at: new Date().toISOString(), ...first };
  const state = kind === 'life' ? stateAfter(task.state, event) : undefined;
  if (kind === 'progress')
    task.progress ??= (await lastMessage(`${taskEvents(task.id)}.progress.${name}`))?.event.ordinal ?? 0;
  const payload = { ...head, ...(state ? { state } : { ordinal: task.progress + 1 }) };
  const headers = {
    'Nats-Expected-Last-Subject-Sequence': task.last,
    'Nats-Expected-Last-Subject-Sequence-Subject': `${taskEvents(task.id)}.>`,
    ...(kind === 'progress' && task.last > 0 ? { 'Nats-TTL': '86400s' } : {}),
  };
  const { seq, error } = await askJson(`${taskEvents(task.id)}.${kind}.${name}`, payload, headers);
  if (error) return error;
  task.last = seq;
  if (state) task.state = state;
  else task.progress += 1;
}

/** Refused: another event came first. In a cluster it may be the second of these. */
const refusals = [10071, 10164];

/** Appends an event after the last known one, one at a time: `accepted`, `superseded` (for good) or `stop`. */
function append(task, event) {
  task.turn = task.turn.then(async () => {
    while (!task.superseded) {
      if (event.type === 'stopping' && task.state.status === 'STOPPING') return 'accepted';
      if (['started', 'released'].includes(event.type) && task.state.status === 'STOPPING') return 'stop';
      const error = await publishEvent(task, event);
      if (!error) return 'accepted';
      if (!refusals.includes(error.err_code)) throw new Error(error.description);
      // What came between is followed: a `stopping`, or a pause, which this executor does not know.
      Object.assign(task, await readEnd(task.id));
      const { status, attempt } = task.state;
      const isOurs = attempt === task.attempt && task.state.executor === executor;
      if (ended.includes(status) || (attempt >= task.attempt && !isOurs)) {
        task.superseded = true;
        task.abort.abort(new Error('superseded'));
      }
    }
    return 'superseded';
  });
  return task.turn;
}

// ---- One request ----

const working = new Map();
const toRelease = new Error('to be released');

async function work({ subject, reply, data }) {
  const id = subject.split('.')[3]; // <namespace>.request.<priority>.<id>.<name>
  const task = {
    id,
    request: JSON.parse(data),
    last: 0,
    state: undefined,
    progress: undefined,
    attempt: 1,
    reason: undefined,
    turn: Promise.resolve(),
    abort: new AbortController(),
    superseded: false,
  };
  const { abort } = task;
  const claimed = Promise.withResolvers();
  const heartbeat = setInterval(() => publish(reply, '+WPI'), 750);
  const done = Promise.withResolvers();
  working.set(id, { abort, done: done.promise });
  // Subscribe first, then read the log: see "Cancel" in README.md.
  const stopListening = subscribe(`${namespace}.cancel.${id}`, async cancel => {
    // Only a gateway's: see "Commands" in README.md.
    if (!cancel.reply?.startsWith(`${namespace}.answer.gateway.`)) return;
    task.reason = JSON.parse(cancel.data).reason;
    abort.abort(new Error('canceled'));
    await claimed.promise;
    if (working.has(id)) await append(task, { type: 'stopping', reason: task.reason });
    publish(cancel.reply, { v: 1, accepted: true, executor, attempt: task.attempt });
  });
  const ack = '+ACK';
  const answer = await (async () => {
    Object.assign(task, await readEnd(id));
    const { status, nextAttemptAt, cancelReason } = task.state;
    task.attempt = task.state.attempt + 1;
    claimed.resolve();
    if (ended.includes(status)) return ack;
    if (abort.signal.reason === toRelease) return '-NAK'; // It has not begun: there is nothing to release.
    const canceled = () => append(task, { type: 'canceled', reason: task.reason ?? cancelReason });
    if (status === 'STOPPING') return (await canceled()) === 'accepted' && ack;
    const waitMs = Date.parse(nextAttemptAt ?? 0) - Date.now();
    if (waitMs > 0) return `-NAK ${JSON.stringify({ delay: waitMs * 1_000_000 })}`;
    const begun = await append(task, { type: 'started', attempt: task.attempt, executor });
    if (begun === 'superseded') return false;
    if (begun === 'stop') abort.abort(new Error('canceled'));
    const end = await runHandler(task, abort.signal);
    // Told to end, and neither canceled nor done: the next executor begins the next attempt, and nothing is lost.
    if (!end && abort.signal.reason === toRelease && !task.reason) {
      const released = await append(task, { type: 'released', attempt: task.attempt, executor });
      if (released !== 'stop') return released === 'accepted' && '-NAK';
    }
    return (await (end ? append(task, end) : canceled())) === 'accepted' && ack;
  })();
  // Superseded: no answer, for the request is another executor's now.
  if (answer) publish(reply, answer);
  working.delete(id);
  clearInterval(heartbeat);
  stopListening();
  done.resolve();
}

/** Calls the handler. Returns the attempt's last event, or `undefined` where it was aborted. */
async function runHandler(task, signal) {
  const { attempt } = task;
  const progress = value => append(task, { type: 'progress', attempt, progress: value });
  if (task.request.inputRef) {
    const error = { code: 'INPUT_UNREADABLE', message: 'This executor does not read large inputs.' };
    return { type: 'failed', attempt, executor, error };
  }
  try {
    const output = await count(task.request.input, signal, progress);
    return signal.aborted ? undefined : { type: 'completed', attempt, executor, output };
  } catch (error) {
    if (signal.aborted) return undefined;
    const { message, data } = error;
    const code = declaredErrors.includes(error.code) ? error.code : 'HANDLER_ERROR';
    return { type: 'failed', attempt, executor, error: { code, message, data } };
  }
}

const declaredErrors = ['UNLUCKY'];

/** The handler. The gateway has checked the input against the contract. */
async function count({ to, stepMs = 0 }, signal, progress) {
  let sum = 0;
  for (let i = 1; i <= to; i += 1) {
    signal.throwIfAborted();
    if (i === 13) {
      throw Object.assign(new Error('13 is not counted here.'), { code: 'UNLUCKY', data: { number: i } });
    }
    sum += i;
    if (stepMs === 0) continue;
    await progress({ percent: Math.round((i * 100) / to) });
    await delay(stepMs, undefined, { signal });
  }
  return { sum };
}

// ---- Taking requests: one at a time of each priority ----

const stopping = new AbortController();

async function takeRequests(priority) {
  const durable = `${name.replaceAll('.', '-')}-${priority}`;
  const filter = `${namespace}.request.${priority}.*.${name}`;
  // The filter belongs into the subject, too: the shipped permissions tell by it what an executor may consume.
  const { error } = await askJson(`$JS.API.CONSUMER.CREATE.${requestStream}.${durable}.${filter}`, {
    stream_name: requestStream,
    config: {
      durable_name: durable,
      filter_subject: filter,
      ack_policy: 'explicit',
      ack_wait: 3_000_000_000,
      max_deliver: -1,
      max_ack_pending: -1,
    },
  });
  if (error) throw new Error(error.description);
  console.log(`takes ${name} of priority ${priority}`);
  while (!stopping.signal.aborted) {
    const pull = { batch: 1, expires: 30_000_000_000 };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${requestStream}.${durable}`;
    const message = await ask(subject, pull, { timeoutMs: 35_000, signal: stopping.signal });
    if (message.reply) await work(message);
    else if (message.status && message.status !== 408)
      throw new Error(`The pull was answered ${message.status}.`);
  }
}

// Releases what it works on, so that another executor has it at once and not after `ack_wait`. Its pulls go first:
// while one of them waits, the server would deliver to it what is released.
process.on('SIGTERM', async () => {
  stopping.abort();
  const all = [...working.values()];
  for (const { abort } of all) abort.abort(toRelease);
  await Promise.all(all.map(({ done }) => done));
  socket.end(() => process.exit(0));
});

await Promise.all(['high', 'normal', 'low'].map(takeRequests));
