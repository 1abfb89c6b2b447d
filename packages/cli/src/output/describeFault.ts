import { gatewayErrorOf } from '@longhaul/client';
import { errorCatalogue, type InputIssue, type StartFault } from '@longhaul/proto/wire';
import { TRPCClientError } from '@trpc/client';
import { UnknownTypeError } from '../tasks/findType.ts';
import { type ExitCode, exitCodes } from './exitCodes.ts';
import { UsageError } from './usageError.ts';

/** An error as a command reports it. */
export type Fault = {
  /** Stable: one of the gateway's codes, or one of this program's own. */
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly advice?: string;
  readonly issues?: readonly InputIssue[];
  readonly exitCode: ExitCode;
};

/** The gateway's messages say what to do; of keys, only this program knows where they come from. */
const keyAdvice =
  'Give an API key: --api-key-file FILE, LONGHAUL_API_KEY, or a profile (`longhaul profile set`).';

/** What is wrong and what to do, of whatever a command threw. */
export function describeFault(error: unknown, url?: string): Fault {
  const refused = gatewayErrorOf(error);
  if (refused) {
    const { reason, message, issues } = refused;
    return {
      code: reason,
      // The lines behind the first say what the issues say.
      message: issues.length > 0 ? (message.split('\n', 1)[0] ?? message) : message,
      ...(reason === 'UNAUTHENTICATED' ? { advice: keyAdvice } : {}),
      ...(issues.length > 0 ? { issues } : {}),
      exitCode: exitCodeOf(reason),
    };
  }
  if (error instanceof TRPCClientError) return noAnswer(error, url ?? 'the gateway');
  if (error instanceof UsageError)
    return { code: error.code, message: error.message, exitCode: exitCodes.usage };
  if (error instanceof UnknownTypeError)
    return { code: error.code, message: error.message, exitCode: exitCodes.notFound };
  if (!(error instanceof Error))
    return { code: 'UNKNOWN', message: String(error), exitCode: exitCodes.failed };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
  // What nobody foresaw is a fault of the program: its stack says where.
  const message = code === 'UNKNOWN' ? (error.stack ?? error.message) : error.message;
  return { code, message, exitCode: exitCodes.failed };
}

/** Nothing of ours answered: no connection, or something else at that address. */
function noAnswer(error: TRPCClientError<never>, url: string): Fault {
  const response: unknown = error.meta?.response;
  if (typeof response === 'object' && response !== null && 'status' in response)
    return {
      code: 'NOT_A_GATEWAY',
      message: `${url} answered with HTTP ${String(response.status)}, and not as a Longhaul gateway does.`,
      advice:
        'Name the address of the gateway without a path, such as --url http://127.0.0.1:8080; or ask who runs the proxy before it.',
      exitCode: exitCodes.unreachable,
    };
  return {
    code: 'GATEWAY_UNREACHABLE',
    message: `No gateway answers at ${url}: ${rootOf(error)}.`,
    advice:
      'Start one (`longhaul dev` in a project, `longhaul gateway` in production), or name another: --url, LONGHAUL_URL, or --profile.',
    exitCode: exitCodes.unreachable,
  };
}

/** The innermost reason: what the network said, not that fetch failed. */
function rootOf(error: Error): string {
  let at: Error = error;
  while (at.cause instanceof Error) at = at.cause;
  if (at instanceof AggregateError && at.errors[0] instanceof Error) at = at.errors[0];
  const code = 'code' in at && typeof at.code === 'string' ? at.code : undefined;
  return at.message || code || 'there is no connection';
}

/** The exit code for an error of the gateway. */
function exitCodeOf(reason: StartFault['reason']): ExitCode {
  if (reason === 'INTERNAL') return exitCodes.failed;
  switch (errorCatalogue[reason].trpc) {
    case 'BAD_REQUEST':
    case 'PAYLOAD_TOO_LARGE':
    case 'UNSUPPORTED_MEDIA_TYPE':
    case 'METHOD_NOT_SUPPORTED':
      return exitCodes.usage;
    case 'NOT_FOUND':
      return exitCodes.notFound;
    case 'UNAUTHORIZED':
    case 'FORBIDDEN':
      return exitCodes.notAllowed;
    case 'SERVICE_UNAVAILABLE':
    case 'TOO_MANY_REQUESTS':
    case 'TIMEOUT':
      return exitCodes.unreachable;
    default:
      return exitCodes.failed;
  }
}
