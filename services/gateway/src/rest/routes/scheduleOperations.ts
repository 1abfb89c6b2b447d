import {
  createScheduleSchema,
  type Schedule,
  scheduleCallSchema,
  scheduleSchema,
  strictOptions,
} from '@longhaul/proto';
import { z } from 'zod';
import { type ScheduleService, scheduleNotFound } from '../../schedules/scheduleService.ts';
import { headers } from '../commonAnswers.ts';
import { type Operation, operation } from '../operation.ts';
import { policyOf, restPolicySchema } from '../policy.ts';
import { snakeKeys } from '../snakeCase.ts';

const tag = 'Schedules';
const { id, name, input, cron, every, timeZone, overlap, priority } = createScheduleSchema.shape;

const createSchema = strictOptions({
  name,
  input,
  cron: cron.meta({ description: 'Five fields, six with the second in front, or `@daily` and its like.' }),
  every: every.meta({ description: 'Instead of `cron`: whole seconds, like `15m`, `1h30m` or `1d`.' }),
  time_zone: timeZone.meta({ description: 'The IANA time zone of `cron`. Default: UTC.' }),
  overlap: overlap.meta({
    description: 'What a firing does while the task of an earlier one is not over. Default: skip.',
  }),
  priority,
  policy: restPolicySchema.optional(),
  id: id.meta({ description: 'A name of yours, unique among your schedules. Default: a UUID.' }),
}).meta({ title: 'NewSchedule' });

const { shape } = scheduleSchema;
const instant = z.iso.datetime();
const firing = z.object({
  seq: z.int().min(1),
  at: instant.meta({ description: 'When it fired.' }),
  outcome: shape.firings.element.shape.outcome,
  task_id: shape.firings.element.shape.taskId,
  error: shape.firings.element.shape.error,
});
const line = {
  id: shape.id,
  owner: shape.owner,
  name: shape.name,
  cron: shape.cron,
  every: shape.every,
  time_zone: shape.timeZone,
  overlap: shape.overlap,
  priority: shape.priority,
  policy: restPolicySchema.optional(),
  paused: shape.paused,
  created_at: instant,
  next: shape.next,
  last: firing.optional().meta({ description: 'The latest firing.' }),
  last_task: z.object({ id: z.string(), seq: z.int().min(1), at: instant }).optional(),
  firings: z.array(firing).meta({ description: 'The latest, newest first.' }),
  counts: shape.counts,
};
const shownSchema = z.object({ ...line, input: shape.input }).meta({ title: 'Schedule' });

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
const shown = { description: 'The schedule, and what came of it.', schema: shownSchema };

const view = (schedule: Schedule) => snakeKeys(schedule);

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
      problems: ['SCHEDULE_NOT_FOUND'],
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
          description: 'Up to 1,000, without their inputs.',
          schema: z
            .object({ schedules: z.array(z.object(line)), more: z.boolean() })
            .meta({ title: 'ScheduleList' }),
        },
      },
      problems: [],
      handle: async ({ caller, query }) => {
        const { schedules, more } = await service.list(caller, query.owner);
        return { status: 200, body: { schedules: schedules.map(snakeKeys), more } };
      },
    }),
    operation({
      id: 'createSchedule',
      method: 'post',
      path: '/v1/schedules',
      tag,
      summary: 'Start a task again and again',
      description: 'With the id of a schedule of yours that says the same, it answers that one.',
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
      handle: async ({ caller, body: { time_zone, policy, ...rest } }) => {
        const schedule = await service.create(caller, {
          ...rest,
          ...(time_zone === undefined ? {} : { timeZone: time_zone }),
          ...policyOf(policy),
        });
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
    change('pause', 'No more firings until it is resumed'),
    change('resume', 'Fire again'),
    operation({
      id: 'deleteSchedule',
      method: 'delete',
      path: '/v1/schedules/{id}',
      tag,
      summary: 'End a schedule for good',
      description: 'Tasks that it has started go on.',
      ...oneSchedule,
      answers: { 204: { description: 'It is gone.' } },
      problems: ['SCHEDULE_NOT_FOUND'],
      handle: async ({ caller, params, query }) => {
        const { id: gone, deleted } = await service.remove(caller, { ...params, ...query });
        if (!deleted) throw scheduleNotFound(gone);
        return { status: 204 };
      },
    }),
  ];
}
