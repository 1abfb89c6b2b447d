import type { GatewayErrorShape } from '@longhaul/proto/wire';
import { TRPCClientError } from '@trpc/client';

/** The caller that a test says it is. `root` is an administrator. */
export function byHeader({ headers }: { headers: Readonly<Record<string, string | string[] | undefined>> }) {
  const owner = headers['x-owner'];
  if (typeof owner !== 'string') return undefined;
  return { owner, role: owner === 'root' ? ('admin' as const) : ('user' as const) };
}

/** The reason that a call was refused with. */
export async function reasonOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  return error instanceof TRPCClientError
    ? (error.shape as GatewayErrorShape | undefined)?.data.reason
    : `no error: ${error}`;
}
