import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Long enough for any scheme of ids, and nothing that could break a log line, a header or a terminal. */
const wellFormed = /^[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}$/;

/** Ids of requests: the caller's own `X-Request-Id` where it is well-formed, else a new one. */
export class RequestIds {
  readonly #known = new WeakMap<IncomingMessage, string>();

  /** The same for the same request, whoever asks. */
  of(request: IncomingMessage): string {
    const known = this.#known.get(request);
    if (known !== undefined) return known;
    const sent = request.headers['x-request-id'];
    const id = typeof sent === 'string' && wellFormed.test(sent) ? sent : randomUUID();
    this.#known.set(request, id);
    return id;
  }
}

/** What is known of the request that is being served, wherever the code is. */
export type RequestScope = {
  /** What its answer carries as `X-Request-Id`, and its log lines as `requestId`. */
  readonly requestId: string;
  /** The trace that the caller belongs to, as it sent it. */
  readonly traceparent: string | undefined;
};

/** Empty outside of requests: in the projection, in firings of schedules. */
export const requestScope = new AsyncLocalStorage<RequestScope>();
