/**
 * Every error that a caller can get from the gateway: what it is in tRPC and HTTP, what it means and what to do.
 * `docs/errors.md` holds the same list; a test keeps both equal.
 */
export const errorCatalogue = {
  INVALID_INPUT: {
    trpc: 'BAD_REQUEST',
    http: 400,
    advice: "The input does not fit the task's schema. Fix the fields that `issues` names.",
  },
  INVALID_REQUEST: {
    trpc: 'BAD_REQUEST',
    http: 400,
    advice: 'An argument beside the input is malformed. Fix the fields that `issues` names.',
  },
  INVALID_CURSOR: {
    trpc: 'BAD_REQUEST',
    http: 400,
    advice: 'Use a cursor as the list answered it, or begin without one.',
  },
  INVALID_SCHEDULE: {
    trpc: 'BAD_REQUEST',
    http: 400,
    advice:
      'The schedule never fires as it is written. Fix the cron expression, the interval or the time zone as the message says.',
  },
  SCHEDULE_NOT_FOUND: {
    trpc: 'NOT_FOUND',
    http: 404,
    advice: 'There is no such schedule, or it is not yours. Check the id.',
  },
  SCHEDULE_CONFLICT: {
    trpc: 'CONFLICT',
    http: 409,
    advice: 'A schedule of that id says something else. Use a new id, update it, or delete it first.',
  },
  TOO_MANY_SCHEDULES: {
    trpc: 'CONFLICT',
    http: 409,
    advice: 'An owner can have 1,000 schedules. Delete those that are no longer needed.',
  },
  UNKNOWN_PROCEDURE: {
    trpc: 'NOT_FOUND',
    http: 404,
    advice: 'The gateway has no such task, procedure or route. Check the path.',
  },
  METHOD_NOT_ALLOWED: {
    trpc: 'METHOD_NOT_SUPPORTED',
    http: 405,
    advice: 'REST only: the resource has no such method. Use one that the header Allow names.',
  },
  NOT_ACCEPTABLE: {
    trpc: 'BAD_REQUEST',
    http: 406,
    advice:
      'REST only: no form of the answer fits Accept. Accept application/json, or text/event-stream of events.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    trpc: 'UNSUPPORTED_MEDIA_TYPE',
    http: 415,
    advice: 'REST only: send the body as application/json in UTF-8, not compressed.',
  },
  URI_TOO_LONG: {
    trpc: 'BAD_REQUEST',
    http: 414,
    advice: 'REST only: a part of the path is longer than any name or id can be. Check the path.',
  },
  HEADERS_TOO_LARGE: {
    trpc: 'BAD_REQUEST',
    http: 431,
    advice: 'Address and headers together have more than 16 KiB. Send less in them.',
  },
  UNAUTHENTICATED: { trpc: 'UNAUTHORIZED', http: 401, advice: 'Send credentials that the gateway knows.' },
  CREDENTIALS_EXPIRED: {
    trpc: 'UNAUTHORIZED',
    http: 401,
    advice: 'The token or key was good and has ended. Send a new one; a stream resumes after its last event.',
  },
  IDENTITY_UNAVAILABLE: {
    trpc: 'SERVICE_UNAVAILABLE',
    http: 503,
    advice:
      'The identity provider does not give the keys that tokens are checked with. Try again in a moment.',
  },
  TOO_MANY_REQUESTS: {
    trpc: 'TOO_MANY_REQUESTS',
    http: 429,
    advice:
      'You call more often than an owner may, or fail to authenticate too often. Wait as long as Retry-After says; RateLimit tells how many calls are left.',
  },
  TOO_MANY_STREAMS: {
    trpc: 'TOO_MANY_REQUESTS',
    http: 429,
    advice:
      'You have as many streams, WebSockets and waiting calls open as an owner may. Close those that are not read, or watch many tasks in one stream.',
  },
  OVERLOADED: {
    trpc: 'SERVICE_UNAVAILABLE',
    http: 503,
    advice: 'The gateway has more to do than it can. Try again in a moment; another gateway may answer.',
  },
  REQUEST_TIMEOUT: {
    trpc: 'TIMEOUT',
    http: 408,
    advice: 'The request did not arrive in time. Send it faster, or pass a reference instead of the data.',
  },
  FORBIDDEN: { trpc: 'FORBIDDEN', http: 403, advice: 'Another role may do that; the message says which.' },
  TASK_NOT_FOUND: {
    trpc: 'NOT_FOUND',
    http: 404,
    advice: 'There is no such task, it has expired, or it is not yours. Check the id.',
  },
  UNKNOWN_TASK: {
    trpc: 'NOT_FOUND',
    http: 404,
    advice:
      'The contract of this gateway has no task of that name, or none any more. Check the name, or deploy a contract that has it.',
  },
  TASK_NOT_ENDED: {
    trpc: 'CONFLICT',
    http: 409,
    advice: 'Only a task that has ended can be tried again. Wait for its end, or cancel it first.',
  },
  TASK_BUSY: {
    trpc: 'CONFLICT',
    http: 409,
    advice:
      'As many tasks of that kind as may run at once are there already. Wait for the one that the message names, or cancel it.',
  },
  TASK_FAILED: {
    trpc: 'CONFLICT',
    http: 409,
    advice:
      'REST only: the task has no result, because it failed; `error` says why. Fix what it names, and retry the task.',
  },
  TASK_CANCELED: {
    trpc: 'CONFLICT',
    http: 409,
    advice:
      'REST only: the task has no result, because it was canceled. Retry it, where it was to run after all.',
  },
  TASK_NOT_RUNNING: {
    trpc: 'CONFLICT',
    http: 409,
    advice: 'Only a task that runs can be paused. Wait for its start, or pause its name.',
  },
  NOT_PAUSABLE: {
    trpc: 'CONFLICT',
    http: 409,
    advice:
      'The handler of this task has no checkpoints. Cancel the task, or have the handler await checkpoint() and define it with pausable: true.',
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
  TOO_MANY_VALUES: {
    trpc: 'PAYLOAD_TOO_LARGE',
    http: 413,
    advice:
      'The JSON holds more values, or more different names of members, than the gateway parses at once. Split it, pass a reference, or raise `jsonBreadth`.',
  },
  PAYLOAD_EXPIRED: {
    trpc: 'NOT_FOUND',
    http: 410,
    advice: 'The task is known, but its large output is no longer kept. Run the task again.',
  },
  PAYLOAD_DAMAGED: {
    // Not tRPC's code of an internal error: its clients open a stream that ends so again and again.
    trpc: 'UNPROCESSABLE_CONTENT',
    http: 500,
    advice: 'The object store holds something else than was stored. Check its storage; run the task again.',
  },
  OUTPUT_UNFIT: {
    trpc: 'CONFLICT',
    http: 409,
    advice:
      'REST only: the task is COMPLETED, but its output does not fit the contract of this gateway: it was written under another version. Run the task again, or make the contract accept it.',
  },
  NATS_UNAVAILABLE: {
    trpc: 'SERVICE_UNAVAILABLE',
    http: 503,
    advice: 'NATS does not answer. Nothing was lost; try again in a moment.',
  },
  TOPOLOGY_LOST: {
    trpc: 'SERVICE_UNAVAILABLE',
    http: 503,
    advice:
      'A stream or bucket of Longhaul was deleted or changed in NATS, and the gateway repairs it; until then it accepts no tasks. Try again in a moment. If it stays so, `/readyz` and the log of the gateway say what is wrong.',
  },
  STORAGE_FULL: {
    trpc: 'SERVICE_UNAVAILABLE',
    http: 507,
    advice:
      'NATS has no room to store it. The operator of NATS raises `max_file_store` or the limit of the stream, or frees the disk; the gateway then continues by itself. Try again later.',
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
  /** What is wrong, for people. */
  readonly message: string;
  /** zod's name of the fault. */
  readonly code: string;
};

/** An error for the caller: a code of the catalogue and a message that says what to do. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: GatewayErrorCode;
  /** What is wrong with the input, fault by fault; empty for other errors. */
  readonly issues: readonly InputIssue[];
  /** The task that has the permit, where the caller may know it. */
  readonly taskId: string | undefined;

  constructor(
    code: GatewayErrorCode,
    message: string,
    options: {
      readonly issues?: readonly InputIssue[];
      readonly taskId?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.taskId = options.taskId;
    this.issues = options.issues ?? [];
  }
}
