import type { ContractSnapshot, TaskSnapshot } from './contractSnapshot.ts';
import type { JsonSchema } from './jsonSchema.ts';
import { misfits } from './schemaWithin.ts';

/**
 * What a change does. `breaking`: something that was written under the old contract, or a client that still uses it, is
 * refused. `rollout`: nothing is, if gateways, executors and clients are deployed in the order that the message says.
 * `note`: it works differently from now on.
 */
export type FindingLevel = 'breaking' | 'rollout' | 'note';

/** One thing that a change of the contract does. */
export type ContractFinding = {
  /** What the change does to what was written before, and to clients in use. */
  readonly level: FindingLevel;
  /** The task type, by its dotted name. */
  readonly task: string;
  /** `task`, `input`, `progress`, `output`, `errors.CODE`, `policy`, `limits` or `rest`. */
  readonly part: string;
  /** Where in the part: `files[].width`. Empty: all of it. */
  readonly path: string;
  /** What has changed and whom it touches. */
  readonly message: string;
};

/** `compatible`: nothing is `breaking`. Findings stand in the order of the contract. */
export type ContractVerdict = {
  /** Whether nothing is `breaking`. */
  readonly compatible: boolean;
  /** Every change that was found. */
  readonly findings: readonly ContractFinding[];
};

/**
 * Says which changes between two snapshots of a contract are safe. Inputs may become wider: what is queued, scheduled
 * or sent by callers of the old contract has to fit the new one. Progress, output and error data are read under both:
 * what was recorded has to fit the new contract, and what is written from now on the old one, for clients that still
 * have it. What cannot be proved is reported; checks written as code (`refine`, `transform`) are in no JSON Schema and
 * are not seen.
 *
 * @example
 * ```ts
 * const before = JSON.parse(readFileSync('contract.json', 'utf8')) as ContractSnapshot;
 * const { compatible, findings } = checkContract(before, contractSnapshot(contract));
 * expect(compatible, JSON.stringify(findings)).toBe(true);
 * ```
 */
export function checkContract(before: ContractSnapshot, after: ContractSnapshot): ContractVerdict {
  const old = new Map(Object.entries(before.tasks));
  const now = new Map(Object.entries(after.tasks));
  const added = [...now].filter(([name]) => !old.has(name));
  const findings = [...old].flatMap(([name, task]) => {
    const next = now.get(name);
    return next ? changesOf(name, task, next) : [removal(name, task, added)];
  });
  return { compatible: findings.every(({ level }) => level !== 'breaking'), findings };
}

function removal(
  name: string,
  task: TaskSnapshot,
  added: readonly (readonly [string, TaskSnapshot])[],
): ContractFinding {
  const same = added.find(
    ([, other]) => isSame(task.input, other.input) && isSame(task.output, other.output),
  );
  const renamed = same
    ? ` It may have been renamed to ${same[0]}: to a running system that is another task type.`
    : '';
  return {
    level: 'breaking',
    task: name,
    part: 'task',
    path: '',
    message: `The task type is gone.${renamed} Calls of it are refused, and what is queued or scheduled waits for an executor that still serves it; records stay readable by tasks.get. Keep it until nothing of it is left.`,
  };
}

function changesOf(task: string, before: TaskSnapshot, after: TaskSnapshot): ContractFinding[] {
  const find = (level: FindingLevel, part: string, path: string, message: string): ContractFinding => ({
    level,
    task,
    part,
    path,
    message,
  });
  const inputs = [
    ...within(before.input, after.input, 'forward', false).map(({ path, what }) =>
      find(
        'breaking',
        'input',
        path,
        `It ${what}: inputs that are queued or scheduled, and callers with the old contract, are refused.`,
      ),
    ),
    ...within(before.input, after.input, 'backward', false).map(({ path, what }) =>
      find('rollout', 'input', path, `It ${what}: deploy executors first, then gateways and clients.`),
    ),
  ];
  return [
    ...inputs,
    ...recorded('progress', before.progress, after.progress),
    ...recorded('output', before.output, after.output),
    ...errorChanges(),
    ...policyChanges(),
    ...(isSame(before.limits, after.limits)
      ? []
      : [
          find(
            'rollout',
            'limits',
            '',
            'The limits differ: while executors of both contracts run, each keeps to its own. Replace all executors.',
          ),
        ]),
    ...before.rest
      .filter(route => !after.rest.includes(route))
      .map(route =>
        find('breaking', 'rest', '', `The route ${route} is gone: its callers are answered 404.`),
      ),
  ];

  function recorded(part: string, old: JsonSchema, now: JsonSchema): ContractFinding[] {
    return [
      ...within(old, now, 'forward', true).map(({ path, what }) =>
        find(
          'breaking',
          part,
          path,
          `It ${what}: tasks that have written it are served without it (\`unfit\`).`,
        ),
      ),
      ...within(old, now, 'backward', true).map(({ path, what }) =>
        find(
          'breaking',
          part,
          path,
          `It ${what}: clients and gateways with the old contract do not understand it.`,
        ),
      ),
    ];
  }

  function errorChanges(): ContractFinding[] {
    const old = new Map(Object.entries(before.errors));
    const now = new Map(Object.entries(after.errors));
    return [
      ...[...old].flatMap(([code, schema]) => {
        const next = now.get(code);
        if (next) return recorded(`errors.${code}`, schema, next);
        return [
          find(
            'breaking',
            `errors.${code}`,
            '',
            'It is no longer declared: tasks that failed with it are shown with HANDLER_ERROR.',
          ),
        ];
      }),
      ...[...now.keys()]
        .filter(code => !old.has(code))
        .map(code =>
          find(
            'rollout',
            `errors.${code}`,
            '',
            'It is new: gateways and clients with the old contract show HANDLER_ERROR. Deploy them first.',
          ),
        ),
    ];
  }

  function policyChanges(): ContractFinding[] {
    const keys = new Set([...Object.keys(before.policy), ...Object.keys(after.policy)]);
    return [...keys]
      .filter(key => !isSame(before.policy[key], after.policy[key]))
      .map(key =>
        find(
          'note',
          'policy',
          key,
          `It was ${shown(before.policy[key])} and is ${shown(after.policy[key])}: it holds for attempts that begin on an executor with the new contract, also of tasks that are queued.`,
        ),
      );
  }
}

function within(
  before: JsonSchema,
  after: JsonSchema,
  direction: 'forward' | 'backward',
  defaultsApplied: boolean,
) {
  const old = { root: before, label: 'old' } as const;
  const now = { root: after, label: 'new' } as const;
  return direction === 'forward'
    ? misfits({ from: old, to: now, defaultsApplied })
    : misfits({ from: now, to: old, defaultsApplied });
}

const shown = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));

/** Whether two values are the same JSON, in whatever order their keys stand. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
