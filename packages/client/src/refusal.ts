import type { GatewayErrorShape, StartFault } from '@longhaul/proto/wire';
import { TRPCClientError } from '@trpc/client';

/**
 * What the gateway said of a call that it refused: a stable `reason`, a message that says what to do, and what else
 * it told. `undefined`: the error is none of the gateway's (no connection, an error of your own).
 *
 * @example
 * ```ts
 * try {
 *   await client.audio.transcribe.start({ path: 'talk.mp3' });
 * } catch (error) {
 *   const refused = gatewayErrorOf(error);
 *   if (refused?.reason !== 'OVERLOADED') throw error;
 *   console.log(refused.message);
 * }
 * ```
 */
export function gatewayErrorOf(error: unknown): StartFault | undefined {
  if (!(error instanceof TRPCClientError)) return undefined;
  const shape = error.shape as Partial<GatewayErrorShape> | undefined;
  if (shape?.data?.reason === undefined) return undefined;
  const { reason, issues, taskId } = shape.data;
  return { reason, message: error.message, issues, ...(taskId === undefined ? {} : { taskId }) };
}
