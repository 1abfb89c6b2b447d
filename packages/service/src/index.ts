export { EnvironmentError, readEnvironment } from './environment.ts';
export { runService, type StoppableService } from './runService.ts';
