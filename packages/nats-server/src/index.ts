export { NatsServerError, type NatsServerErrorCode } from './errors.ts';
export { type LocatedNatsServer, type LocateOptions, locateNatsServer } from './locate.ts';
export { type NatsServerOptions, type NatsServerProcess, startNatsServer } from './natsServerProcess.ts';
export { minimumNatsServerVersion, pinnedNatsServerVersion } from './version.ts';
