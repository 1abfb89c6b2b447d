import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LargeBody } from '../largeBodies/largeBodies.ts';

/** Long enough for common id schemes, without characters that could break a log line, a header or a terminal. */
const wellFormed = /^[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}$/;

/** The ids of requests: the caller's `X-Request-Id` if it is well-formed, otherwise a new one. */
export class RequestIds {
  readonly #known = new WeakMap<IncomingMessage, string>();

  /** Always the same id for the same request. */
  of(request: IncomingMessage): string {
    const known = this.#known.get(request);
    if (known !== undefined) return known;
    const sent = request.headers['x-request-id'];
    const id = typeof sent === 'string' && wellFormed.test(sent) ? sent : randomUUID();
    this.#known.set(request, id);
    return id;
  }
}

/** Data of the request that is being served, available to all code that runs for it. */
export type RequestScope = {
  /** The value of `X-Request-Id` in the answer, and of `requestId` in log lines. */
  readonly requestId: string;
  /** The `traceparent` header of the caller. */
  readonly traceparent: string | undefined;
  /** The body, where it was read in a thread. */
  readonly largeBody?: LargeBody | undefined;
};

/** Empty outside of requests, such as in the projection and in firings of schedules. */
export const requestScope = new AsyncLocalStorage<RequestScope>();
