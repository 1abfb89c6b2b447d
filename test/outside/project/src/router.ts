import type { GatewayRouter } from '@longhaul/proto/wire';
import type { contract } from './contract.ts';

/** For clients of plain tRPC. */
export type AppRouter = GatewayRouter<typeof contract>;
