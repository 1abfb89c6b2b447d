import type { Readable } from 'node:stream';
import type { GatewayError, GatewayErrorCode } from '@longhaul/proto/wire';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.ts';
import type { BodyShape } from '../largeBodies/shapes.ts';

/** A validated call of an operation. */
export type RestCall<P, Q, H, B> = {
  readonly caller: Caller;
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  /** The path and query of the request, as it was sent. */
  readonly url: string;
  /** Returns a signal that is aborted when the caller disconnects. */
  readonly left: () => AbortSignal;
  /** Aborted when the gateway stops. */
  readonly stop: AbortSignal;
  /** Closes the caller's connection. */
  readonly cut: () => void;
};

/** The answer of an operation. 204 and 304 have no body. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Instead of a body: an object with one member, a list that can be large. */
  readonly list?: { readonly name: string; readonly items: readonly unknown[] };
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
    /** The operation validates the body itself, since a schema with transforms must not parse it twice. */
    readonly isCheckedLater?: true;
    /** The member of the body that is the task's input, for the pointers of its issues. */
    readonly inputAt?: string;
  };
  /** Where the inputs are in its body, which may then be large. */
  readonly bodyShape?: BodyShape;
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  /** The errors of this operation, in addition to those of every operation. */
  readonly problems: readonly GatewayErrorCode[];
  /** The error when the path's parameters are malformed, so that nothing can match them. */
  readonly notFound?: (params: Readonly<Record<string, string>>) => GatewayError;
  readonly handle: (
    call: RestCall<z.output<P>, z.output<Q>, z.output<H>, z.output<B>>,
  ) => Answer | Promise<Answer>;
};

/**
 * One REST operation: the only source of its validation, its answers and its OpenAPI description. `handle` receives validated
 * values, whose types only {@link operation} knows.
 */
export type Operation = Omit<OperationParts<Shape, Shape, Shape, z.ZodType>, 'handle'> & {
  readonly handle: (call: RestCall<never, never, never, never>) => Answer | Promise<Answer>;
};

type None = z.ZodObject<Record<never, never>>;

/** Defines an operation, with `handle` typed by its schemas. */
export function operation<
  P extends Shape = None,
  Q extends Shape = None,
  H extends Shape = None,
  B extends z.ZodType = z.ZodUndefined,
>(parts: OperationParts<P, Q, H, B>): Operation {
  return parts;
}
