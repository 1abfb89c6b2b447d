/**
 * Every error that a caller can get from the gateway: what it is in tRPC and HTTP, what it means and what to do.
 * `docs/errors.md` holds the same list; a test keeps both equal.
 */
export const errorCatalogue = {
  INVALID_INPUT: {
    trpc: 'BAD_REQUEST',
    http: 400,
    advice: "The input does not fit the task's schema. Mend the fields that `issues` names.",
  },
  INVALID_REQUEST: {
    trpc: 'BAD_REQUEST',
    http: 400,
    advice: 'An argument beside the input is malformed. Mend the fields that `issues` names.',
  },
  INVALID_CURSOR: {
    trpc: 'BAD_REQUEST',
    http: 400,
    advice: 'Use a cursor as the list answered it, or begin without one.',
  },
  UNKNOWN_PROCEDURE: {
    trpc: 'NOT_FOUND',
    http: 404,
    advice: 'The contract of this gateway has no such task or procedure. Check the path.',
  },
  UNAUTHENTICATED: { trpc: 'UNAUTHORIZED', http: 401, advice: 'Send credentials that the gateway knows.' },
  TASK_NOT_FOUND: {
    trpc: 'NOT_FOUND',
    http: 404,
    advice: 'There is no such task, it has expired, or it is not yours. Check the id.',
  },
  IDEMPOTENCY_CONFLICT: {
    trpc: 'CONFLICT',
    http: 409,
    advice: 'The key was used with another input. Use a new key, or the same input.',
  },
  PAYLOAD_TOO_LARGE: {
    trpc: 'PAYLOAD_TOO_LARGE',
    http: 413,
    advice: 'Pass a reference (a path or URL) instead of the data itself.',
  },
  CONTRACT_MISMATCH: {
    trpc: 'INTERNAL_SERVER_ERROR',
    http: 500,
    advice: 'Executor and gateway run different contracts. Deploy both with the same one.',
  },
  NATS_UNAVAILABLE: {
    trpc: 'SERVICE_UNAVAILABLE',
    http: 503,
    advice: 'NATS does not answer. Nothing was lost; try again in a moment.',
  },
  SHUTTING_DOWN: {
    trpc: 'SERVICE_UNAVAILABLE',
    http: 503,
    advice: 'The gateway is being stopped. Try again: another one, or its successor, will answer.',
  },
} as const;

/** The code of an error of the gateway. Stable. */
export type GatewayErrorCode = keyof typeof errorCatalogue;

/** One fault in what a caller sent. */
export type InputIssue = {
  /** Where it is, from the input's root. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** zod's name of the fault. */
  readonly code: string;
};

/** An error for the caller: a code of the catalogue and a message that says what to do. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: GatewayErrorCode;
  readonly issues: readonly InputIssue[];

  constructor(
    code: GatewayErrorCode,
    message: string,
    options: { readonly issues?: readonly InputIssue[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.issues = options.issues ?? [];
  }
}
