export type { Caller } from './caller.ts';
export { createGateway, type Gateway, type GatewayOptions } from './createGateway.ts';
export type { ConsoleOptions } from './http/console.ts';
export type { MetricsAccess } from './http/metricsRoute.ts';
export type { Authenticate, Credentials } from './http/server.ts';
export { defaultRetention, type Retention } from './project/retention.ts';
