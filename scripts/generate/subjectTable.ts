import { createTopology, type Subjects } from '@longhaul/proto/wire';
import { code, table } from './markers.ts';

const id = '01a1fd3d-ae4c-71ad-835b-2b2aac2cc064';
const name = 'audio.transcribe';
const priority = 'normal';
const kind = 'life';
const owner = 'local';
const scheduleId = 'nightly-lint';

/** A subject for one task or one consumer: its pattern is an example with the parts' names put in. */
type Row = { readonly example: string; readonly who: string };

/** What each subject is for. A subject of the code that is not here fails the generation. */
const rowsOf = (
  subjects: Subjects,
): { readonly [K in Exclude<keyof Subjects, `parse${string}` | 'recordKey'>]: Row } => ({
  request: {
    example: subjects.request({ priority, id, name }),
    who: 'the request of a task; the gateway publishes it, executors pull it',
  },
  requestOf: { example: subjects.requestOf(id), who: 'the request of one task, whatever it is' },
  requestsFor: {
    example: subjects.requestsFor(name, priority),
    who: 'what the consumer of one name and priority filters by',
  },
  allRequests: { example: subjects.allRequests, who: 'every request' },
  schedule: {
    example: subjects.schedule({ id, name }),
    who: 'a start in the future; the server publishes it as a request when it is due',
  },
  scheduleOf: { example: subjects.scheduleOf(id), who: 'the schedule of one task' },
  allSchedules: { example: subjects.allSchedules, who: 'every schedule' },
  recurring: {
    example: subjects.recurring({ owner, id: scheduleId }),
    who: 'the next time of a recurring schedule; the server publishes it as a firing when it is due',
  },
  allRecurring: { example: subjects.allRecurring, who: 'every recurring schedule' },
  fire: {
    example: subjects.fire({ owner, id: scheduleId }),
    who: 'a firing of a recurring schedule; one gateway takes it, arms the next and starts a task',
  },
  placeholder: {
    example: subjects.placeholder,
    who: 'keeps the file of a busy queue, which would else be created again for each task; no consumer takes it, and it expires',
  },
  allFires: { example: subjects.allFires, who: 'every firing' },
  event: {
    example: subjects.event({ id, name }, kind),
    who: "a task's event log: `life`, `progress` or `log`; executors append to it, and gateways that cancel, pause or end a task",
  },
  eventsOf: {
    example: subjects.eventsOf(id),
    who: "one task's events of all kinds; what every append expects its predecessor by",
  },
  lifecycleOf: { example: subjects.lifecycleOf(id), who: 'its lifecycle events' },
  progressOf: { example: subjects.progressOf(id), who: 'its progress' },
  allEvents: { example: subjects.allEvents, who: 'every event' },
  live: {
    example: subjects.live({ id, name }, kind),
    who: "one task's events of one kind, republished once they are stored",
  },
  liveOf: { example: subjects.liveOf(id), who: 'the same of all kinds' },
  allLive: { example: subjects.allLive, who: 'every event, republished' },
  cancel: {
    example: subjects.cancel(id),
    who: 'core request-reply; the executor that has the task subscribes, a gateway asks',
  },
  control: {
    example: subjects.control(id),
    who: 'core request-reply; the executor that has a pausable task subscribes, a gateway asks it to pause or to resume',
  },
  holder: {
    example: subjects.holder('executor-1'),
    who: 'core request-reply; each executor answers for the tasks that it has, another one that was given the same task asks',
  },
  executorStatus: { example: subjects.executorStatus, who: 'core request-reply; every executor answers' },
  limitFreed: {
    example: subjects.limitFreed,
    who: 'a permit of a limit may be free; executors with a waiter for one read the limit',
  },
  executorWake: {
    example: subjects.executorWake,
    who: 'core, from a gateway that ends a pause; executors pull again',
  },
  answers: {
    example: `${subjects.answers('gateway')}.<token>`,
    who: 'core, the reply subject of a command; it says who sent it: `gateway` or `executor`',
  },
  allAnswers: { example: subjects.allAnswers, who: 'every answer to a command' },
});

/** Every subject of the default namespace, with an example. */
export function subjectTable(): string {
  const { subjects, recordSubject, scheduleSubject } = createTopology();
  const rows = Object.values(rowsOf(subjects)).map(({ example, who }) => [
    code(patternOf(example)),
    code(example),
    who,
  ]);
  const record = recordSubject('local', id);
  rows.push([
    code(record.replace('local', '<owner token>').replace(id, '<id>')),
    code(record),
    "a task's record in the KV bucket; gateways put it",
  ]);
  const schedule = scheduleSubject(owner, scheduleId);
  rows.push([
    code(patternOf(schedule)),
    code(schedule),
    "a recurring schedule's record in its KV bucket; gateways put it",
  ]);
  return table(['subject', 'example', 'what it carries'], rows);
}

function patternOf(example: string): string {
  return example
    .replace(`${owner}.${scheduleId}`, '<owner token>.<schedule id>')
    .replace(id, '<id>')
    .replace(name, '<name>')
    .replace(`.${priority}.`, '.<priority>.')
    .replace(`.${kind}.<name>`, '.<kind>.<name>');
}
