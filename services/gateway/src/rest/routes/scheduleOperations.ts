import {
  createScheduleSchema,
  type Schedule,
  type ScheduleSummary,
  scheduleCallSchema,
  scheduleSchema,
  strictOptions,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import { type ScheduleService, scheduleNotFound } from '../../schedules/scheduleService.ts';
import { headers } from '../commonAnswers.ts';
import { type Operation, operation } from '../operation.ts';
import { snakeKeys } from '../snakeCase.ts';
import { policyOf, restPolicySchema } from '../startParameters.ts';

const tag = 'Schedules';
const { id, name, input, cron, every, timeZone, overlap, misfire, misfireAfterMs, priority } =
  createScheduleSchema.shape;

const settings = {
  input,
  cron: cron.meta({ description: 'Five fields, six with the second in front, or `@daily` and its like.' }),
  every: every.meta({ description: 'Instead of `cron`: whole seconds, like `15m`, `1h30m` or `1d`.' }),
  time_zone: timeZone.meta({ description: 'The IANA time zone of `cron`. Default: UTC.' }),
  overlap: overlap.meta({
    description: 'What a firing does while the task of an earlier one is not over. Default: skip.',
  }),
  misfire: misfire.meta({
    description:
      'What happens to missed times, at which no gateway could start a task: no task, one task for all of them, or one for each of the newest 100. Default: one.',
  }),
  misfire_after_ms: misfireAfterMs.meta({
    description: 'A time that is handled later than this counts as missed. Default: 60000.',
  }),
  priority,
  policy: restPolicySchema.optional(),
};
const createSchema = strictOptions({
  name,
  ...settings,
  id: id.meta({ description: 'An id of your choice, unique among your schedules. Default: a UUID.' }),
}).meta({ title: 'NewSchedule' });
const changesSchema = strictOptions(settings).meta({
  title: 'ScheduleChanges',
  description: 'Settings that are not given stay as they are. `cron` and `every` replace each other.',
});

const { shape } = scheduleSchema;
const instant = z.iso.datetime();
const kept = shape.firings.element.shape;
const firing = z.object({
  at: instant.meta({ description: 'When it was due; of several missed ones, the last of them.' }),
  trigger: kept.trigger,
  outcome: kept.outcome,
  decided_at: kept.decidedAt,
  times: kept.times,
  task_id: kept.taskId,
  end: kept.end,
  error: kept.error,
});
const line = {
  id: shape.id,
  owner: shape.owner,
  name: shape.name,
  cron: shape.cron,
  every: shape.every,
  time_zone: shape.timeZone,
  overlap: shape.overlap,
  misfire: shape.misfire.unwrap(),
  misfire_after_ms: shape.misfireAfterMs.unwrap(),
  priority: shape.priority,
  policy: restPolicySchema.optional(),
  paused: shape.paused,
  created_at: instant,
  next: shape.next,
  next_times: z.array(instant).meta({ description: 'The next five; none while it is paused.' }),
  last: firing.optional().meta({ description: 'The latest firing.' }),
  last_task: z.object({ id: z.string(), at: instant }).optional(),
  counts: shape.counts,
};
const history = z.array(firing).meta({ description: 'The latest fifty, newest first.' });
const shownSchema = z.object({ ...line, input: shape.input, firings: history }).meta({ title: 'Schedule' });

const ofOwner = strictOptions({
  owner: scheduleCallSchema.shape.owner.meta({
    description: 'Only an operator or administrator may name another owner than themself.',
  }),
});
const oneSchedule = {
  params: z.object({ id: scheduleCallSchema.shape.id.meta({ description: "The schedule's id." }) }),
  query: ofOwner,
  notFound: ({ id: unknown = '' }: Readonly<Record<string, string>>) => scheduleNotFound(unknown),
};
const shown = { description: 'The schedule with its history.', schema: shownSchema };

const view = (schedule: Schedule | ScheduleSummary) => snakeKeys(schedule);

/** The settings in the form of the service. */
function settingsOf({ time_zone, misfire_after_ms, policy, ...rest }: z.output<typeof changesSchema>) {
  return {
    ...rest,
    ...(time_zone === undefined ? {} : { timeZone: time_zone }),
    ...(misfire_after_ms === undefined ? {} : { misfireAfterMs: misfire_after_ms }),
    ...policyOf(policy),
  };
}

/** The operations on recurring schedules. */
export function scheduleOperations(service: ScheduleService): Operation[] {
  const change = (verb: 'pause' | 'resume', summary: string) =>
    operation({
      id: `${verb}Schedule`,
      method: 'post',
      path: `/v1/schedules/{id}/${verb}`,
      tag,
      summary,
      ...oneSchedule,
      answers: { 200: shown },
      problems: ['FORBIDDEN', 'SCHEDULE_NOT_FOUND'],
      handle: async ({ caller, params, query }) => ({
        status: 200,
        body: view(await service[verb](caller, { ...params, ...query })),
      }),
    });

  return [
    operation({
      id: 'listSchedules',
      method: 'get',
      path: '/v1/schedules',
      tag,
      summary: 'The schedules, by owner and id',
      query: ofOwner,
      answers: {
        200: {
          description: 'Up to 1,000, without their inputs and histories.',
          schema: z
            .object({ schedules: z.array(z.object(line)), more: z.boolean() })
            .meta({ title: 'ScheduleList' }),
        },
      },
      problems: [],
      handle: async ({ caller, query }) => {
        const { schedules, more } = await service.list(caller, query.owner);
        return { status: 200, body: { schedules: schedules.map(view), more } };
      },
    }),
    operation({
      id: 'createSchedule',
      method: 'post',
      path: '/v1/schedules',
      tag,
      summary: 'Create a schedule',
      description: 'If you have a schedule with the same id and settings, it is returned.',
      body: { schema: createSchema, required: true, inputAt: 'input' },
      answers: { 201: { ...shown, headers: { location: headers.location } } },
      problems: [
        'INVALID_SCHEDULE',
        'INVALID_INPUT',
        'UNKNOWN_TASK',
        'SCHEDULE_CONFLICT',
        'TOO_MANY_SCHEDULES',
        'PAYLOAD_TOO_LARGE',
      ],
      handle: async ({ caller, body: { name: task, id: named, ...rest } }) => {
        const schedule = await service.create(caller, { name: task, id: named, ...settingsOf(rest) });
        return {
          status: 201,
          headers: { location: `/v1/schedules/${schedule.id}` },
          body: view(schedule),
        };
      },
    }),
    operation({
      id: 'getSchedule',
      method: 'get',
      path: '/v1/schedules/{id}',
      tag,
      summary: 'One schedule',
      ...oneSchedule,
      answers: { 200: shown },
      problems: ['SCHEDULE_NOT_FOUND'],
      handle: async ({ caller, params, query }) => ({
        status: 200,
        body: view(await service.get(caller, { ...params, ...query })),
      }),
    }),
    operation({
      id: 'updateSchedule',
      method: 'patch',
      path: '/v1/schedules/{id}',
      tag,
      summary: 'Change a schedule',
      description: 'Due times are handled by the old settings. No time is lost, and none fires twice.',
      ...oneSchedule,
      body: { schema: changesSchema, required: true, inputAt: 'input' },
      answers: { 200: shown },
      problems: [
        'FORBIDDEN',
        'SCHEDULE_NOT_FOUND',
        'INVALID_SCHEDULE',
        'INVALID_INPUT',
        'UNKNOWN_TASK',
        'PAYLOAD_TOO_LARGE',
      ],
      handle: async ({ caller, params, query, body }) => ({
        status: 200,
        body: view(await service.update(caller, { ...params, ...query, changes: settingsOf(body) })),
      }),
    }),
    operation({
      id: 'runSchedule',
      method: 'post',
      path: '/v1/schedules/{id}/run',
      tag,
      summary: 'Start its task now',
      description: 'Also while it is paused or its previous task is running. Its next times do not change.',
      ...oneSchedule,
      answers: {
        202: {
          description: 'The task is accepted.',
          schema: z.object({ id: z.string(), task_id: z.string() }).meta({ title: 'ScheduleRun' }),
          headers: { location: headers.location },
        },
      },
      problems: ['FORBIDDEN', 'SCHEDULE_NOT_FOUND', 'UNKNOWN_TASK', 'INVALID_INPUT', 'TASK_BUSY'],
      handle: async ({ caller, params, query }) => {
        const run = await service.run(caller, { ...params, ...query });
        return {
          status: 202,
          headers: { location: `/v1/tasks/${run.taskId}` },
          body: snakeKeys(run),
        };
      },
    }),
    change('pause', 'Pause a schedule'),
    change('resume', 'Resume a schedule'),
    operation({
      id: 'deleteSchedule',
      method: 'delete',
      path: '/v1/schedules/{id}',
      tag,
      summary: 'Delete a schedule',
      description: 'Tasks that it has started keep running.',
      ...oneSchedule,
      answers: { 204: { description: 'The schedule is deleted.' } },
      problems: ['FORBIDDEN', 'SCHEDULE_NOT_FOUND'],
      handle: async ({ caller, params, query }) => {
        const { id: gone, deleted } = await service.remove(caller, { ...params, ...query });
        if (!deleted) throw scheduleNotFound(gone);
        return { status: 204 };
      },
    }),
  ];
}
