import type { GatewayErrorShape, InputIssue } from '@longhaul/proto/wire';
import { TRPCClientError } from '@trpc/client';

/** What a call failed with, as a page shows it. */
export type Fault = {
  /** The gateway's stable code, or `UNREACHABLE`. */
  readonly code: string;
  readonly message: string;
  readonly issues: readonly InputIssue[];
};

/** Reads any error of a call. */
export function faultOf(error: unknown): Fault {
  if (error instanceof TRPCClientError) {
    const shape = error.shape as Partial<GatewayErrorShape> | undefined;
    if (shape?.data?.reason !== undefined)
      return { code: shape.data.reason, message: error.message, issues: shape.data.issues ?? [] };
    return {
      code: 'UNREACHABLE',
      message: 'The gateway does not answer. This page reconnects by itself.',
      issues: [],
    };
  }
  return { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error), issues: [] };
}

/** Whether credentials are missing, wrong or expired. */
export function isSignedOut(error: unknown): boolean {
  return ['UNAUTHENTICATED', 'CREDENTIALS_EXPIRED'].includes(faultOf(error).code);
}

/** Whether trying the same again can help: the gateway, or NATS behind it, is away. */
export function isPassing(error: unknown): boolean {
  return ['UNREACHABLE', 'NATS_UNAVAILABLE', 'SHUTTING_DOWN', 'IDENTITY_UNAVAILABLE'].includes(
    faultOf(error).code,
  );
}
