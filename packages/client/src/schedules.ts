import type {
  CreateSchedule,
  DeletedSchedule,
  ListSchedules,
  Schedule,
  ScheduleCall,
  ScheduleList,
} from '@longhaul/proto';
import type { GatewayCalls } from './gatewayCalls.ts';

/** Whose schedule; an operator may see another owner's, an administrator also change it. */
export type ScheduleOwner = Pick<ScheduleCall, 'owner'>;

/** Recurring schedules of whatever task. To create one, `tasks.document.analyze.schedule` is typed by the contract. */
export type AllSchedules = {
  /** Creates a schedule, or answers the one that has this id and says the same. */
  readonly create: (schedule: CreateSchedule) => Promise<Schedule>;
  /** Up to 1,000, by owner and id. */
  readonly list: (of?: ListSchedules) => Promise<ScheduleList>;
  readonly get: (id: string, of?: ScheduleOwner) => Promise<Schedule>;
  /** No more firings until `resume`. Tasks that were started go on. */
  readonly pause: (id: string, of?: ScheduleOwner) => Promise<Schedule>;
  readonly resume: (id: string, of?: ScheduleOwner) => Promise<Schedule>;
  /** Ends it for good. Tasks that were started go on. */
  readonly delete: (id: string, of?: ScheduleOwner) => Promise<DeletedSchedule>;
};

export function allSchedules(calls: GatewayCalls): AllSchedules {
  return {
    create: schedule => calls.mutation<Schedule>('schedules.create', schedule),
    list: of => calls.query<ScheduleList>('schedules.list', of),
    get: (id, of) => calls.query<Schedule>('schedules.get', { ...of, id }),
    pause: (id, of) => calls.mutation<Schedule>('schedules.pause', { ...of, id }),
    resume: (id, of) => calls.mutation<Schedule>('schedules.resume', { ...of, id }),
    delete: (id, of) => calls.mutation<DeletedSchedule>('schedules.delete', { ...of, id }),
  };
}
