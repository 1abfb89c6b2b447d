import { GatewayError, type GatewayErrorCode, type InputIssue } from '@longhaul/proto';

/** Why a child was not started. The codes are those that a client's start is refused with. */
export class ChildStartError extends Error {
  override readonly name = 'ChildStartError';
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

/** What a start is refused with, as a handler knows it. */
export function asStartError(error: unknown): unknown {
  if (!(error instanceof GatewayError)) return error;
  const { code, message, issues } = error;
  return new ChildStartError(code, message, { issues, cause: error });
}
