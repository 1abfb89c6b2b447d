import type { TRPCDefaultErrorData, TRPCErrorShape } from '@trpc/server';
import type { StartFault } from './taskViews.ts';

/** What an error carries beside tRPC's own data: a stable code, and the faults of what was sent. */
export type GatewayErrorData = TRPCDefaultErrorData &
  Omit<StartFault, 'message'> & {
    /** Of what passes by itself: the seconds to wait, which a stream, batch or WebSocket has no header for. */
    readonly retryAfterSeconds?: number;
  };
/** The error of a call, as tRPC's clients get it. */
export type GatewayErrorShape = TRPCErrorShape<GatewayErrorData>;

/** A stream of events, each with the id to resume after. */
export type EventStream<E> = AsyncIterable<{ id: string; data: E }, void, unknown>;

/** One procedure's types. */
export type Call<I, O> = { input: I; output: O; meta: object; errorShape: GatewayErrorShape };
