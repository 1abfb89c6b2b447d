import type { GatewayRouter } from '@longhaul/proto/wire';
import { eventThat, startStack, within } from '@longhaul/testing';
import type { ScriptedContract } from '@longhaul/testkit';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';

const exporter = new InMemorySpanExporter();
const tracer = trace.getTracer('test');
const handlers = {
  script: {
    ...scriptedHandlers.script,
    // A handler's own spans are children of its attempt.
    echo: ({ input }: { input: { text: string } }) =>
      tracer.startActiveSpan('inside', span => {
        span.end();
        return { text: input.text };
      }),
  },
};
const system = () => startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers });

let stack: Awaited<ReturnType<typeof system>>;
beforeAll(async () => {
  // All three in one process, so one SDK; what they tell each other still goes through HTTP and NATS alone.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  stack = await system();
});
afterAll(() => stack[Symbol.asyncDispose]());
beforeEach(() => exporter.reset());

/** The spans of a trace, once they fit. */
const spansThat = (what: string, fits: (spans: ReadableSpan[]) => boolean) =>
  within(
    what,
    (async () => {
      for (;;) {
        const spans = exporter.getFinishedSpans();
        if (fits(spans)) return spans;
        await new Promise(resolve => setImmediate(resolve));
      }
    })(),
  );
const named = (spans: readonly ReadableSpan[], name: string) => spans.filter(span => span.name === name);
const traceparentOf = async (seq: number) => {
  const { jsm, topology } = stack.broker;
  return (await jsm.direct.getMessage(topology.eventStream, { seq }))?.header.get('traceparent');
};
const asHeader = (span: ReadableSpan | undefined) =>
  `00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`;

describe('a trace', () => {
  it('runs from the client through gateway and executor into the handler, each the parent of the next', async () => {
    await tracer.startActiveSpan('my call', async span => {
      await stack.tasks.script.echo.run({ text: 'a' });
      span.end();
    });
    const spans = await spansThat('all six', all => all.length === 6);
    const chain = [
      'my call',
      'POST /trpc/:path',
      'script.echo.run',
      'script.echo publish',
      'script.echo attempt',
      'inside',
    ];
    const [root] = named(spans, 'my call');
    let parent: ReadableSpan | undefined;
    for (const name of chain) {
      const [span] = named(spans, name);
      expect([name, span?.parentSpanContext?.spanId]).toEqual([name, parent?.spanContext().spanId]);
      expect(span?.spanContext().traceId).toBe(root?.spanContext().traceId);
      parent = span;
    }
    expect(named(spans, 'POST /trpc/:path')[0]).toMatchObject({
      kind: SpanKind.SERVER,
      attributes: { 'url.path': '/trpc/script.echo.run', 'http.response.status_code': 200 },
    });
    const [attempt] = named(spans, 'script.echo attempt');
    expect(attempt).toMatchObject({
      kind: SpanKind.CONSUMER,
      attributes: { 'longhaul.attempt.outcome': 'completed', 'longhaul.task.attempt': 1 },
    });
    const [ended] = await stack.events(String(attempt?.attributes['longhaul.task.id']));
    expect(await traceparentOf(ended!.seq)).toBe(asHeader(attempt));
  });

  it('has a span for each attempt, and the second is linked to the first', async () => {
    const { script } = stack.tasks;
    const backoff = { kind: 'fixed', delayMs: 1 } as const;
    await tracer.startActiveSpan('my call', async span => {
      await script.fail.run({ declared: false }, { policy: { maxAttempts: 2, backoff } });
      span.end();
    });
    const spans = await spansThat('two attempts', all => named(all, 'script.fail attempt').length === 2);
    const [first, second] = named(spans, 'script.fail attempt');
    const [publish] = named(spans, 'script.fail publish');
    for (const attempt of [first, second]) {
      expect(attempt?.parentSpanContext?.spanId).toBe(publish?.spanContext().spanId);
      expect(attempt?.status.code).toBe(SpanStatusCode.ERROR);
    }
    expect(second?.links.map(link => link.context.spanId)).toEqual([first?.spanContext().spanId]);
    expect([first, second].map(span => span?.attributes['longhaul.attempt.outcome'])).toEqual([
      'retrying',
      'failed',
    ]);
  });

  it('keeps calls of different traces apart, though they are made at once', async () => {
    const call = (name: string) =>
      tracer.startActiveSpan(name, async span => {
        await stack.tasks.script.echo.start({ text: name });
        span.end();
        return span.spanContext().traceId;
      });
    const traces = await Promise.all([call('one'), call('two')]);
    const spans = await spansThat('both', all => named(all, 'inside').length === 2);
    expect(new Set(named(spans, 'inside').map(span => span.spanContext().traceId))).toEqual(new Set(traces));
  });

  it('reaches the stream of events, and a WebSocket by the header that opened it', async () => {
    const task = await stack.tasks.script.echo.start({ text: 'a' });
    await task.result();
    exporter.reset();
    await tracer.startActiveSpan('watching', async span => {
      for await (const _ of task.events());
      span.end();
    });
    const spans = await spansThat('the stream', all => named(all, 'GET /trpc/:path').length === 1);
    const [watching] = named(spans, 'watching');
    expect(named(spans, 'GET /trpc/:path')[0]?.parentSpanContext?.spanId).toBe(
      watching?.spanContext().spanId,
    );

    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    class Traced extends WebSocket {
      constructor(url: string | URL) {
        // Node's own takes headers, which its type does not say.
        super(url, { headers: { traceparent } } as unknown as string[]);
      }
    }
    const url = `${stack.gateways[0]!.url.replace('http', 'ws')}/trpc`;
    const client = createWSClient({ url, WebSocket: Traced as typeof WebSocket });
    const trpc = createTRPCClient<GatewayRouter<ScriptedContract>>({ links: [wsLink({ client })] });
    await trpc.script.echo.run.mutate({ input: { text: 'b' } });
    await client.close();
    const [call] = named(exporter.getFinishedSpans(), 'script.echo.run');
    expect([call?.spanContext().traceId, call?.parentSpanContext?.spanId]).toEqual([
      '0af7651916cd43dd8448eb211c80319c',
      'b7ad6b7169203331',
    ]);
  });

  it('continues at a task that starts later', async () => {
    await tracer.startActiveSpan('my call', async span => {
      await stack.tasks.script.echo.start({ text: 'a' }, { delayMs: 1 });
      span.end();
    });
    const [root] = named(exporter.getFinishedSpans(), 'my call');
    const spans = await spansThat('it ran', all => named(all, 'inside').length === 1);
    expect(named(spans, 'inside')[0]?.spanContext().traceId).toBe(root?.spanContext().traceId);
  });

  it('names who canceled, in the event', async () => {
    const task = await stack.tasks.script.hang.start({});
    await eventThat(stack.broker, 'runs', ({ id, event }) => id === task.id && event.type === 'started');
    await task.cancel();
    const canceled = await eventThat(
      stack.broker,
      'ended',
      ({ id, event }) => id === task.id && event.type === 'canceled',
    );
    const spans = await spansThat('the attempt', all => named(all, 'script.hang attempt').length === 1);
    const [attempt] = named(spans, 'script.hang attempt');
    expect(await traceparentOf(canceled.seq)).toBe(asHeader(attempt));
    expect(attempt?.attributes['longhaul.attempt.outcome']).toBe('canceled');
  });
});
