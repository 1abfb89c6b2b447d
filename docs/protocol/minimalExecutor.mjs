// A Longhaul executor without Longhaul: Node's own modules and the NATS text protocol, as a pattern for other
// languages. It runs one task, `demo.count`: { to, stepMs? } → { sum }. See "A minimal executor" in README.md.
//
//   node minimalExecutor.mjs nats://127.0.0.1:4222 [namespace]
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

const { hostname, port } = new URL(url);
const socket = createConnection({ host: hostname, port: Number(port || 4222), noDelay: true });
const callbacks = new Map();
let lastSid = 0;
let received = Buffer.alloc(0);

socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true,"lang":"text","version":"1"}\r\n');
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

function ask(subject, payload, { headers, timeoutMs = 5_000 } = {}) {
  return new Promise((resolve, reject) => {
    const inbox = `_INBOX.${randomUUID()}`;
    const timer = setTimeout(() => reject(new Error(`No answer on ${subject}`)), timeoutMs);
    const stop = subscribe(inbox, message => {
      clearTimeout(timer);
      stop();
      resolve(message);
    });
    publish(subject, payload, { reply: inbox, headers });
  });
}

async function askJson(subject, payload, headers) {
  const { status, data } = await ask(subject, payload, { headers });
  if (status) throw new Error(`${subject} answered ${status}: is JetStream on, and has a gateway run?`);
  return JSON.parse(data);
}

// ---- The chain of one task's events ----

/** Folds the chain, as far as an executor has to know it. Asks the stream's leader, which cannot lag behind. */
async function readChain(id) {
  const chain = { last: 0, attempt: 0, executor: undefined, stopping: undefined, dueMs: 0, ended: false };
  for (;;) {
    const query = { seq: chain.last + 1, next_by_subj: `${namespace}.event.${id}.${name}` };
    const { message, error } = await askJson(`$JS.API.STREAM.MSG.GET.${eventStream}`, query);
    if (error?.code === 404) return chain;
    if (error) throw new Error(error.description);
    const event = JSON.parse(Buffer.from(message.data, 'base64').toString('utf8'));
    chain.last = message.seq;
    if (event.attempt > chain.attempt) {
      Object.assign(chain, { attempt: event.attempt, executor: event.executor, dueMs: 0 });
    }
    if (event.type === 'retrying') chain.dueMs = Date.parse(event.nextAttemptAt);
    if (event.type === 'stopping') chain.stopping = event;
    if (['completed', 'failed', 'canceled'].includes(event.type)) chain.ended = true;
  }
}

/** Publishes an event; the first of a chain carries the request. */
async function publishEvent(task, event, headers) {
  const first = task.last === 0 ? { task: task.request } : {};
  const payload = { v: 1, ...event, owner: task.request.owner, at: new Date().toISOString(), ...first };
  const { seq, error } = await askJson(`${namespace}.event.${task.id}.${name}`, payload, headers);
  if (!error) task.last = seq;
  return error;
}

/** Appends an event after the last known one, one at a time: `accepted`, `superseded` (for good) or `stop`. */
function append(task, event) {
  task.turn = task.turn.then(async () => {
    while (!task.superseded) {
      const ttl = event.type === 'progress' && task.last > 0 ? { 'Nats-TTL': '86400s' } : {};
      const headers = { 'Nats-Expected-Last-Subject-Sequence': task.last, ...ttl };
      const error = await publishEvent(task, event, headers);
      if (!error) return 'accepted';
      if (error.err_code !== 10071) throw new Error(error.description);
      const chain = await readChain(task.id);
      const taken = chain.attempt > task.attempt;
      // Unknown where the attempt's first event has rolled off: then nobody else has begun one since.
      const isOurs = chain.executor === undefined || chain.executor === executor;
      if (chain.ended || taken || (chain.attempt === task.attempt && !isOurs)) {
        task.superseded = true;
        task.abort.abort(new Error('superseded'));
        break;
      }
      if (chain.stopping && event.type === 'stopping') return 'accepted';
      if (chain.stopping && event.type === 'started') return 'stop';
      task.last = chain.last; // A `stopping` came between: follow that.
    }
    return 'superseded';
  });
  return task.turn;
}

// ---- One request ----

const working = new Map();

async function work({ subject, reply, data }) {
  const id = subject.split('.')[3]; // <namespace>.request.<priority>.<id>.<name>
  const task = {
    id,
    request: JSON.parse(data),
    last: 0,
    attempt: 1,
    reason: undefined,
    turn: Promise.resolve(),
    abort: new AbortController(),
    superseded: false,
  };
  const { abort } = task;
  const claimed = Promise.withResolvers();
  const heartbeat = setInterval(() => publish(reply, '+WPI'), 750);
  working.set(id, reply);
  // Subscribe first, then read the chain: see "Cancel" in README.md.
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
    const chain = await readChain(id);
    Object.assign(task, { last: chain.last, attempt: chain.attempt + 1 });
    claimed.resolve();
    if (chain.ended) return ack;
    const canceled = () => append(task, { type: 'canceled', reason: task.reason ?? chain.stopping?.reason });
    if (chain.stopping) return (await canceled()) === 'accepted' && ack;
    const waitMs = chain.dueMs - Date.now();
    if (waitMs > 0) return `-NAK ${JSON.stringify({ delay: waitMs * 1_000_000 })}`;
    const begun = await append(task, { type: 'started', attempt: task.attempt, executor });
    if (begun === 'superseded') return false;
    if (begun === 'stop') abort.abort(new Error('canceled'));
    const end = await runHandler(task, abort.signal);
    return (await (end ? append(task, end) : canceled())) === 'accepted' && ack;
  })();
  // Superseded: no answer, for the request is another executor's now.
  if (answer) publish(reply, answer);
  working.delete(id);
  clearInterval(heartbeat);
  stopListening();
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

async function takeRequests(priority) {
  const durable = `${name.replaceAll('.', '-')}-${priority}`;
  const { error } = await askJson(`$JS.API.CONSUMER.CREATE.${requestStream}.${durable}`, {
    stream_name: requestStream,
    config: {
      durable_name: durable,
      filter_subject: `${namespace}.request.${priority}.*.${name}`,
      ack_policy: 'explicit',
      ack_wait: 3_000_000_000,
      max_deliver: -1,
      max_ack_pending: -1,
    },
  });
  if (error) throw new Error(error.description);
  console.log(`takes ${name} of priority ${priority}`);
  for (;;) {
    const pull = { batch: 1, expires: 30_000_000_000 };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${requestStream}.${durable}`;
    const message = await ask(subject, pull, { timeoutMs: 35_000 });
    if (!message.status) await work(message);
    else if (message.status !== 408) throw new Error(`The pull was answered ${message.status}.`);
  }
}

// Hands back what it works on, so that another executor has it at once and not after `ack_wait`.
process.on('SIGTERM', () => {
  for (const reply of working.values()) publish(reply, '-NAK');
  socket.end(() => process.exit(0));
});

await Promise.all(['high', 'normal', 'low'].map(takeRequests));
