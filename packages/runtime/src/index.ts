export { Disposables } from './disposables.ts';
export { EnvironmentError, readEnvironment } from './environment.ts';
export { ListenError, type ListenErrorCode, listenFailure } from './listenError.ts';
export { createLogger, safeSerializers } from './logger.ts';
export { runService, type StoppableService } from './runService.ts';
export { throttleRepeats } from './throttleRepeats.ts';
export { startTracing } from './tracing.ts';
export type { Tracing } from './tracingSdk.ts';
