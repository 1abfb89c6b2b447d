import type {
  CreateSchedule,
  DeletedSchedule,
  ListSchedules,
  Schedule,
  ScheduleCall,
  ScheduleChanges,
  ScheduleList,
  ScheduleRun,
} from '@longhaul/proto/wire';
import type { GatewayCalls } from './gatewayCalls.ts';

/** Whose schedule; an operator may see another owner's, an administrator also change it. */
export type ScheduleOwner = Pick<ScheduleCall, 'owner'>;

/** Recurring schedules of whatever task. To create one, `tasks.document.analyze.schedule` is typed by the contract. */
export type AllSchedules = {
  /** Creates a schedule, or answers the one that has this id and says the same. */
  readonly create: (schedule: CreateSchedule) => Promise<Schedule>;
  /** Up to 1,000, by owner and id. */
  readonly list: (of?: ListSchedules) => Promise<ScheduleList>;
  /** Reads a schedule, with its input and its latest firings. */
  readonly get: (id: string, of?: ScheduleOwner) => Promise<Schedule>;
  /** Changes a schedule: what is not named stays. No time is lost or fires twice. */
  readonly update: (id: string, changes: ScheduleChanges, of?: ScheduleOwner) => Promise<Schedule>;
  /** Starts its task now, also while it is paused or the task before is running. Its coming times stay. */
  readonly run: (id: string, of?: ScheduleOwner) => Promise<ScheduleRun>;
  /** No more firings until `resume`. Tasks that were started keep running. */
  readonly pause: (id: string, of?: ScheduleOwner) => Promise<Schedule>;
  /** Resumes a paused schedule. What was due meanwhile is not made up for. */
  readonly resume: (id: string, of?: ScheduleOwner) => Promise<Schedule>;
  /** Ends it for good. Tasks that were started keep running. */
  readonly delete: (id: string, of?: ScheduleOwner) => Promise<DeletedSchedule>;
};

export function allSchedules(calls: GatewayCalls): AllSchedules {
  return {
    create: schedule => calls.mutation<Schedule>('schedules.create', schedule),
    list: of => calls.query<ScheduleList>('schedules.list', of),
    get: (id, of) => calls.query<Schedule>('schedules.get', { ...of, id }),
    update: (id, changes, of) => calls.mutation<Schedule>('schedules.update', { ...of, id, changes }),
    run: (id, of) => calls.mutation<ScheduleRun>('schedules.run', { ...of, id }),
    pause: (id, of) => calls.mutation<Schedule>('schedules.pause', { ...of, id }),
    resume: (id, of) => calls.mutation<Schedule>('schedules.resume', { ...of, id }),
    delete: (id, of) => calls.mutation<DeletedSchedule>('schedules.delete', { ...of, id }),
  };
}
