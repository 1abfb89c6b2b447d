import type { Readable } from 'node:stream';
import type { GatewayError, GatewayErrorCode } from '@longhaul/proto/wire';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.ts';

/** What an operation is called with, all of it checked. */
export type RestCall<P, Q, H, B> = {
  readonly caller: Caller;
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  /** Address of the request, path and query, as it was sent. */
  readonly url: string;
  /** Aborted when the caller leaves. */
  readonly left: () => AbortSignal;
  /** Aborted when the gateway stops. */
  readonly stop: AbortSignal;
  /** Cuts the caller off. */
  readonly cut: () => void;
};

/** What an operation answers. Without a body there is none: 204, 304. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Instead of a body: text/event-stream. */
  readonly stream?: Readable;
};

/** A header of an answer, as the OpenAPI document describes it. */
export type AnswerHeader = {
  readonly description: string;
  readonly schema: z.ZodType;
  /** Whether every answer of that status has it. */
  readonly required: boolean;
};

/** One answer, as the OpenAPI document describes it. */
export type AnswerDoc = {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default: application/json. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, AnswerHeader>>;
};

type Shape = z.ZodObject;

type OperationParts<P extends Shape, Q extends Shape, H extends Shape, B extends z.ZodType> = {
  readonly id: string;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** As OpenAPI writes it: `/v1/tasks/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: P;
  readonly query?: Q;
  /** Headers, by their names in lower case. */
  readonly headers?: H;
  readonly body?: {
    readonly schema: B;
    readonly required: boolean;
    /** It is checked behind the operation, and only described here: what transforms must not be parsed twice. */
    readonly isCheckedLater?: true;
    /** Where in the body the task's input stands, for the pointers of its faults. */
    readonly inputAt?: string;
  };
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  /** The errors that it can be answered with, beside those that every operation can. */
  readonly problems: readonly GatewayErrorCode[];
  /** What is said when the path's parameters cannot name anything. */
  readonly notFound?: (params: Readonly<Record<string, string>>) => GatewayError;
  readonly handle: (
    call: RestCall<z.output<P>, z.output<Q>, z.output<H>, z.output<B>>,
  ) => Answer | Promise<Answer>;
};

/**
 * One REST operation: the one source of what is checked, what is answered and what the OpenAPI document says.
 * `handle` takes what the schemas have let through, whose types only {@link operation} knows.
 */
export type Operation = Omit<OperationParts<Shape, Shape, Shape, z.ZodType>, 'handle'> & {
  readonly handle: (call: RestCall<never, never, never, never>) => Answer | Promise<Answer>;
};

type None = z.ZodObject<Record<never, never>>;

/** Writes an operation, typed by its own schemas. */
export function operation<
  P extends Shape = None,
  Q extends Shape = None,
  H extends Shape = None,
  B extends z.ZodType = z.ZodUndefined,
>(parts: OperationParts<P, Q, H, B>): Operation {
  return parts;
}
