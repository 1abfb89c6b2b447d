import type { TaskDefinition } from '@longhaul/proto';
import type { RestRoute } from '@longhaul/proto/wire';
import {
  type AnyTaskRecord,
  faultsError,
  GatewayError,
  isTerminal,
  requireShallow,
  strictOptions,
  type TaskRecord,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import { type InputCheck, typedRecord } from '../../tasks/read/typedViews.ts';
import type { TaskService } from '../../tasks/taskService.ts';
import { accepted, ended } from '../commonAnswers.ts';
import { type Answer, type Operation, operation, type RestCall } from '../operation.ts';
import { RequestError } from '../problem.ts';
import { preferenceApplied, readPrefer } from '../readRequest.ts';
import {
  idempotencyKey,
  keyOf,
  policyOf,
  prefer,
  restPolicySchema,
  restStartOptions,
  startOptionsOf,
} from '../startParameters.ts';
import { retryAfter, taskPath, taskPayload, taskSchema } from '../taskPayload.ts';

const { max_attempts, timeout_ms, total_timeout_ms } = restPolicySchema.shape;
const query = strictOptions({
  ...restStartOptions,
  max_attempts: max_attempts.meta({ description: 'The highest number of attempts.' }),
  timeout_ms: timeout_ms.meta({ description: 'Ends an attempt after this many milliseconds.' }),
  total_timeout_ms: total_timeout_ms.meta({
    description: 'Ends the task this many milliseconds after its start.',
  }),
});
const headers = z.object({ 'idempotency-key': idempotencyKey, prefer });

const problems = ['INVALID_INPUT', 'IDEMPOTENCY_CONFLICT', 'PAYLOAD_TOO_LARGE'] as const;
/** Errors of the result of an earlier task with the same key. */
const resultProblems = ['PAYLOAD_EXPIRED', 'PAYLOAD_DAMAGED'] as const;

type StartCall = RestCall<unknown, z.output<typeof query>, z.output<typeof headers>, unknown>;

/** The operations that start tasks of one type: by its path, and by the routes that its definition declares. */
export function startOperations(name: string, definition: TaskDefinition, service: TaskService): Operation[] {
  const schema = taskSchema
    .extend({ progress: definition.progress.optional(), result: definition.output.optional() })
    .meta({ title: `Task.${name}` });
  const about = {
    tag: name,
    summary: definition.title ?? `Start ${name}`,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    query,
    headers,
    answers: { 200: { ...ended, schema }, 202: { ...accepted, schema } },
    problems: [...problems, ...resultProblems],
  };

  const start = async (call: StartCall, input: unknown): Promise<Answer> => {
    const { max_attempts, timeout_ms, total_timeout_ms, ...options } = call.query;
    const task = {
      name,
      definition,
      input,
      ...startOptionsOf(options),
      ...policyOf({ max_attempts, timeout_ms, total_timeout_ms }),
      ...keyOf(call.headers['idempotency-key']),
    };
    const preferences = readPrefer(call.headers.prefer);
    const record =
      preferences.waitSeconds === undefined
        ? await service.start(call.caller, task)
        : await service.run(call.caller, task, preferences.waitSeconds * 1_000, [call.left(), call.stop]);
    return {
      status: isTerminal(record.status) ? 200 : 202,
      headers: {
        location: taskPath(record.id),
        ...retryAfter(record),
        ...preferenceApplied(preferences),
      },
      body: await checkedPayload(definition, record),
    };
  };

  return [
    operation({
      id: `start.${name}`,
      method: 'post',
      path: `/v1/tasks/${name}`,
      ...about,
      bodyShape: 'whole',
      body: { schema: definition.input, required: !acceptsNothing(definition), isCheckedLater: true },
      handle: call => start(call, call.body),
    }),
    ...definition.rest.map((route, index) =>
      operation({
        id: `start.${name}.${index + 1}`,
        method: 'post',
        path: route.path,
        ...about,
        params: paramsOf(route, definition),
        ...(isWholeBody(route) ? { bodyShape: 'whole' } : {}),
        body: bodyOf(route, definition),
        handle: async call => start(call, await inputOf(name, route, call)),
      }),
    ),
  ];
}

/**
 * Makes the payload of a record with parts that match the contract (invariant 9, types-are-true). Other parts are left out and
 * named in `unfit`.
 *
 * @param check `checkInput`: the input is shown, and was not validated by this call before
 */
export async function checkedPayload(
  definition: TaskDefinition,
  record: TaskRecord,
  check: InputCheck = 'inputWasChecked',
): Promise<Record<string, unknown>> {
  const view = (await typedRecord(definition, record, check)) as AnyTaskRecord;
  return taskPayload(view, check === 'checkInput');
}

/** Whether the input is the body, without parameters of the path and without a mapping. */
function isWholeBody({ parameters, mapping }: Pick<RestRoute, 'parameters' | 'mapping'>): boolean {
  return parameters.length === 0 && !mapping;
}

function acceptsNothing({ input }: TaskDefinition): boolean {
  try {
    return input.safeParse(undefined).success;
  } catch {
    // The schema can only be parsed asynchronously, which the service does.
    return false;
  }
}

/** Path parameters are text; the schema of the input validates them later. */
function paramsOf(route: RestRoute, definition: TaskDefinition) {
  const fields = route.mapping?.shape.shape ?? {};
  return z.object(
    Object.fromEntries(
      route.parameters.map(name => {
        const field = fields[name];
        const described = field instanceof z.ZodType ? field.meta()?.description : undefined;
        const description =
          described ?? `The field \`${name}\` of the input of ${definition.title ?? 'the task'}.`;
        return [name, z.string().min(1).meta({ description })];
      }),
    ),
  );
}

/** The schema of the body: the input without the fields that are path parameters. */
function bodyOf({ parameters, mapping }: RestRoute, { input }: TaskDefinition) {
  const whole = mapping?.shape ?? input;
  if (!(whole instanceof z.ZodObject)) return { schema: z.looseObject({}), required: false } as const;
  const fields = Object.entries(whole.shape).filter(([name]) => !parameters.includes(name));
  const rest = z.object(Object.fromEntries(fields) as Record<string, z.ZodType>);
  const { catchall } = whole.def;
  const schema = catchall ? rest.catchall(catchall) : rest;
  const required = fields.some(([, field]) => !(field as z.ZodType).safeParse(undefined).success);
  return { schema, required, isCheckedLater: true } as const;
}

async function inputOf(
  name: string,
  { parameters, mapping }: RestRoute,
  { params, body }: { readonly params: Record<string, string>; readonly body: unknown },
): Promise<unknown> {
  if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body))) {
    throw new GatewayError('INVALID_INPUT', 'The body is not a JSON object. Send an object, or no body.', {
      issues: [{ path: [], message: 'It is not an object.', code: 'invalid_type' }],
    });
  }
  // As it is: by its identity the bytes of a large body are found.
  if (isWholeBody({ parameters, mapping }) && body !== undefined) return body;
  const taken = { ...body, ...params };
  if (!mapping) return taken;
  requireShallow(name, taken);
  const parsed = await mapping.shape.safeParseAsync(taken);
  if (parsed.success) return mapping.toInput(parsed.data);
  const { message, issues } = faultsError('INVALID_INPUT', 'The request is invalid:', parsed.error);
  const place = { place: 'parameter', names: new Set(parameters) } as const;
  throw new RequestError('INVALID_INPUT', message, place, { issues, cause: parsed.error });
}
