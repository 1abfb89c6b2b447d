import type { GatewayErrorCode, InputIssue } from '@longhaul/proto/wire';
import { messageOf } from '../failure/describeThrown.ts';
import { asStartError, ChildStartError } from '../handler/children/childTypes.ts';
import { ExecError } from '../handler/execTypes.ts';

/** Why a call between threads failed, as a message: an error of ours is an error of its class on the other side, too. */
export type SentError =
  /** It ended with its signal: the caller has the reason. */
  | { readonly kind: 'aborted' }
  | { readonly kind: 'exec'; readonly code: ExecError['code']; readonly message: string }
  | {
      readonly kind: 'childStart';
      readonly code: GatewayErrorCode;
      readonly message: string;
      readonly issues: readonly InputIssue[];
    }
  | { readonly kind: 'other'; readonly message: string };

/** @param signal of the call that failed */
export function sentErrorOf(thrown: unknown, signal: AbortSignal): SentError {
  const error = asStartError(thrown);
  if (error instanceof ExecError) return { kind: 'exec', code: error.code, message: error.message };
  if (error instanceof ChildStartError) {
    const { code, message, issues } = error;
    return { kind: 'childStart', code, message, issues };
  }
  return signal.aborted ? { kind: 'aborted' } : { kind: 'other', message: messageOf(thrown) };
}

/** @param signal of the handler that called */
export function receivedError(why: SentError, signal: AbortSignal): unknown {
  switch (why.kind) {
    case 'exec':
      return new ExecError(why.code, why.message);
    case 'childStart':
      return new ChildStartError(why.code, why.message, { issues: why.issues });
    case 'other':
      return new Error(why.message);
    case 'aborted':
      // Reading `aborted` also receives an abort that is still on its way: its reason is what the handler expects.
      return signal.aborted ? signal.reason : new Error('It was ended.');
  }
}
