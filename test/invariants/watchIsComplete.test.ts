import { isTerminalEvent } from '@longhaul/proto/wire';
import { startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { pino } from 'pino';
import { describe, expect, inject, it } from 'vitest';
import { followLive } from '../../services/gateway/src/tasks/watch/followTask.ts';
import { LiveFeed } from '../../services/gateway/src/tasks/watch/liveFeed.ts';

const system = (more: { gateways?: number; executors?: number } = {}) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
    executors: 2,
    executor: { concurrency: 20 },
    ...more,
  });

/** The ids of what a watcher must have seen: every stored event behind its beginning. */
const idsBehind = (events: readonly { seq: number }[], from: string | undefined) =>
  events.filter(({ seq }) => seq > Number(from ?? 0)).map(({ seq }) => String(seq));

describe('watch-is-complete', () => {
  it('delivers every event once, in order, through both gateways, and then the end', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.count.start({ steps: 100, stepMs: 1 });
    const seen = await Promise.all(
      stack.gateways.map(async gateway => {
        const events = await Array.fromAsync(stack.tasksOf(gateway).script.count.handle(task.id).events());
        return { first: events[0], ids: events.slice(1).map(event => event.eventId), last: events.at(-1) };
      }),
    );
    const stored = await stack.events(task.id);
    for (const { first, ids, last } of seen) {
      expect(first?.type).toBe('snapshot');
      expect(ids).toEqual(idsBehind(stored, first?.eventId));
      expect(last?.type).toBe('completed');
    }
  });

  it('continues after lastEventId: a watcher that comes back sees what it missed, and nothing twice', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.count.start({ steps: 60, stepMs: 2 });
    const seen: string[] = [];
    let last: string | undefined;
    let ended = false;
    while (!ended) {
      let taken = 0;
      for await (const event of task.events(last === undefined ? {} : { lastEventId: last })) {
        last = event.eventId;
        if (event.type === 'snapshot') continue;
        seen.push(event.eventId);
        ended = event.type === 'completed';
        taken += 1;
        if (taken === 7) break;
      }
    }
    expect(seen).toEqual(idsBehind(await stack.events(task.id), undefined).slice(-seen.length));
    expect(new Set(seen).size).toBe(seen.length);
    // Behind the end there is nothing: the stream ends at once.
    const options = last === undefined ? {} : { lastEventId: last };
    expect(await within('the end', Array.fromAsync(task.events(options)))).toEqual([]);
  });

  it('survives a restart of the gateway on the same address: every event once', async () => {
    await using stack = await system({ gateways: 1 });
    const [gateway] = stack.gateways;
    if (!gateway) throw new Error('a gateway is needed');
    const task = await stack.tasks.script.count.start({ steps: 150, stepMs: 20 });
    const seen: string[] = [];
    let first: string | undefined;
    let restarted: Promise<unknown> | undefined;
    for await (const event of task.events()) {
      if (event.type === 'snapshot') first = event.eventId;
      else seen.push(event.eventId);
      if (seen.length === 20) {
        restarted = gateway.stop().then(() => stack.addGateway({ port: gateway.port }));
      }
      if (event.type === 'completed') break;
    }
    await restarted;
    expect(seen).toEqual(idsBehind(await stack.events(task.id), first));
  });

  it('shows a finished task: snapshot, then its end', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.echo.start({ text: 'done' });
    await task.result();
    const types = (await within('the end', Array.fromAsync(task.events()))).map(event => event.type);
    // The record may lag behind the result by a moment, and the snapshot with it.
    expect(types[0]).toBe('snapshot');
    expect(types.at(-1)).toBe('completed');
    expect(types.filter(type => type === 'completed')).toHaveLength(1);
  });

  it('refills what a live subscription lost: the watcher reads the stream where a hole shows', async () => {
    await using stack = await system({ executors: 0, gateways: 1 });
    const task = await stack.tasks.script.count.start({ steps: 30, stepMs: 5 });
    const feed = new LiveFeed(stack.broker, pino({ level: 'silent' }));
    const opened: { missed(): void }[] = [];
    const lossy = {
      open: (subject: string) => {
        const tap = feed.open(subject);
        const push = tap.push.bind(tap);
        let count = 0;
        // Every third message never arrives, as core NATS may do to a slow or reconnecting subscriber.
        tap.push = item => {
          count += 1;
          const { stored } = item.entry;
          if (count % 3 !== 0 || (stored && isTerminalEvent(stored.event))) push(item);
        };
        opened.push(tap);
        return tap;
      },
    } as unknown as InstanceType<typeof LiveFeed>;
    const watching = Array.fromAsync(
      followLive(
        stack.broker,
        lossy,
        { id: task.id, name: 'script.count' },
        { seq: 0, attempt: 0 },
        AbortSignal.timeout(20_000),
      ),
    );
    await stack.addExecutor();
    const seen = await within('the end', watching);
    const seqs = seen.flatMap(followed => (followed.kind === 'event' ? [followed.stored.seq] : []));
    expect(seqs).toEqual((await stack.events(task.id)).map(event => event.seq));
    expect(opened).toHaveLength(1);
  });

  it('watches everything of an owner in one stream, and resumes it by one id', async () => {
    await using stack = await system();
    const abort = new AbortController();
    const all = stack.tasks.$tasks.watch({ signal: abort.signal });
    const open = await within('open', all.next());
    expect(open.value).toMatchObject({ type: 'open' });
    const started = await Promise.all(
      Array.from({ length: 20 }, () => stack.tasks.script.count.start({ steps: 5 })),
    );
    const seen: string[] = [];
    let ended = 0;
    for await (const event of all) {
      seen.push(event.eventId);
      if (event.type === 'event' && event.event.type === 'completed') ended += 1;
      if (ended === started.length) break;
    }
    abort.abort();
    const stored = await stack.events();
    expect(seen).toEqual(stored.map(({ seq }) => String(seq)).slice(0, seen.length));
    const middle = seen[10];
    const again: string[] = [];
    for await (const event of stack.tasks.$tasks.watch(middle === undefined ? {} : { lastEventId: middle })) {
      if (event.type === 'event') again.push(event.eventId);
      if (again.length === seen.length - 11) break;
    }
    expect(again).toEqual(seen.slice(11));
  });
});
