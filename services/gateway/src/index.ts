export { AuthConfigError, type AuthConfigErrorCode } from './auth/authConfigError.ts';
export type { Authenticate, AuthOptions } from './auth/authenticate.ts';
export type { Credentials } from './auth/credentials.ts';
export type { JwtOptions } from './auth/jwtOptions.ts';
export type { Role } from './auth/permissions.ts';
export type { Caller } from './caller.ts';
export { createGateway, type Gateway, type GatewayOptions } from './createGateway.ts';
export type { MetricsAccess } from './http/metricsRoute.ts';
export { defaultRetention, type Retention } from './project/retention.ts';
