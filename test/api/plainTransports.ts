import { once } from 'node:events';
import { within } from '@longhaul/testing';
import WebSocket from 'ws';

/** A call of a procedure as a client without any library would make it. */
export type ProcedureCall = {
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly path: string;
  readonly input?: unknown;
};
/** A call of a plain HTTP route, with its whole path. */
export type RouteCall = {
  readonly type: 'route';
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
};
export type PlainCall = ProcedureCall | RouteCall;
export type PlainHeaders = Readonly<Record<string, string>>;
/** An answer as it was on the wire, without what differs from one moment to the next. */
export type PlainAnswer = { readonly status: number; readonly headers: object; readonly body: string };

/** Makes a call over HTTP. Of a stream, `until` says how much is read: the text so far, or its end. */
export async function callOverHttp(
  url: string,
  call: PlainCall,
  headers: PlainHeaders = {},
  until: (text: string) => boolean = () => false,
): Promise<PlainAnswer> {
  const leave = new AbortController();
  const { path, method, more, body: sent } = call.type === 'route' ? ofRoute(call) : ofProcedure(call);
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...more, ...(sent === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    signal: leave.signal,
  });
  const read = async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (until(text)) break;
    }
    return text;
  };
  const body = await within(`the answer of ${path}`, read());
  leave.abort();
  const {
    date: _date,
    'x-request-id': _request,
    ratelimit: _left,
    ...rest
  } = Object.fromEntries(response.headers);
  return { status: response.status, headers: rest, body };
}

type Sent = {
  readonly method: string;
  readonly path: string;
  readonly more: PlainHeaders;
  readonly body: unknown;
};

function ofRoute({ method, path, body }: RouteCall): Sent {
  return { method, path, more: {}, body };
}

function ofProcedure({ type, path, input }: ProcedureCall): Sent {
  if (type === 'mutation') return { method: 'POST', path: `/trpc/${path}`, more: {}, body: input ?? {} };
  const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
  const more: PlainHeaders = type === 'subscription' ? { accept: 'text/event-stream' } : {};
  return { method: 'GET', path: `/trpc/${path}${query}`, more, body: undefined };
}

/** A WebSocket that speaks tRPC's messages. */
export type PlainSocket = {
  /** Makes a call; resolves with the answer's text, or for a stream with that of its first error or end. */
  readonly call: (call: ProcedureCall) => Promise<string>;
  /** Resolves when something like this has come. */
  readonly heard: (words: string) => Promise<string>;
  /** Resolves with the code that it was closed with. */
  readonly closed: Promise<number>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Opens one; `connectionParams` are sent as the first message. */
export async function openPlainSocket(
  url: string,
  options: { readonly headers?: PlainHeaders; readonly connectionParams?: PlainHeaders } = {},
): Promise<PlainSocket> {
  const { headers, connectionParams } = options;
  const query = connectionParams ? '?connectionParams=1' : '';
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc${query}`, { headers });
  const messages: string[] = [];
  const waiting = new Set<(text: string) => void>();
  socket.on('message', data => {
    const text = String(data);
    // How tRPC finds out that a client is gone.
    if (text === 'PING') return socket.send('PONG');
    messages.push(text);
    for (const look of waiting) look(text);
  });
  const closed = once(socket, 'close').then(([code]) => Number(code));
  closed.catch(() => {});
  await once(socket, 'open');
  if (connectionParams) socket.send(JSON.stringify({ method: 'connectionParams', data: connectionParams }));

  const messageThat = (what: string, fits: (text: string) => boolean) => {
    const found = Promise.withResolvers<string>();
    const look = (text: string) => {
      if (fits(text)) found.resolve(text);
    };
    for (const text of messages) look(text);
    waiting.add(look);
    return within(what, found.promise).finally(() => waiting.delete(look));
  };
  let lastId = 0;
  return {
    call: ({ type, path, input }) => {
      lastId += 1;
      const id = lastId;
      socket.send(JSON.stringify({ id, method: type, params: { path, input } }));
      return messageThat(`the answer of ${path}`, text => {
        const message = JSON.parse(text) as { id?: unknown; error?: unknown; result?: { type?: string } };
        if (message.id !== id) return false;
        return type !== 'subscription' || message.error !== undefined || message.result?.type === 'stopped';
      });
    },
    heard: words => messageThat(`"${words}"`, text => text.includes(words)),
    closed,
    [Symbol.asyncDispose]: async () => {
      socket.terminate();
      if (socket.readyState !== WebSocket.CLOSED) await closed;
    },
  };
}
