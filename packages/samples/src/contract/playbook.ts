import { defineTask } from '@longhaul/proto';
import { z } from 'zod';

const source = {
  path: z.string().min(1).max(4096).optional().meta({
    title: 'File',
    description: "Playbook file, relative to the executor's playbook folder. Give this or the text.",
  }),
  content: z
    .string()
    .min(1)
    .max(256 * 1024)
    .optional()
    .meta({
      title: 'Text',
      description: 'The playbook itself, as YAML. Give this or the file.',
    }),
};

const exactlyOneSource = (input: { path?: string | undefined; content?: string | undefined }) =>
  (input.path === undefined) !== (input.content === undefined);
const oneSourceMessage = { error: 'Give either path or content, not both.', path: ['path'] };
/** The same for those who read the JSON Schema, which has no checks of our own. */
const oneSourceSchema = { oneOf: [{ required: ['path'] }, { required: ['content'] }] };

const countOf = (what: string) => z.int().min(0).meta({ description: what });

const finding = z.object({
  rule: z.string().meta({ description: 'Id of the rule, such as "no-changed-when".' }),
  severity: z.enum(['error', 'warning', 'info']),
  message: z.string(),
  file: z.string().meta({ description: 'The playbook, or a file that it includes.' }),
  line: z.int().min(1).meta({ description: 'From 1.' }),
  column: z.int().min(1).meta({ description: 'From 1; 1 where the engine names only a line.' }),
});

const report = {
  ok: z.boolean().meta({ description: 'True when no finding is an error.' }),
  findings: z.array(finding).meta({ description: 'In the order of the file; 500 at most.' }),
  truncated: z.boolean().meta({ description: 'True when there were more than 500 findings.' }),
  summary: z.object({
    errors: countOf('Findings of severity error.'),
    warnings: countOf('Findings of severity warning.'),
    infos: countOf('Findings of severity info.'),
  }),
  elapsedMs: countOf('How long it took, in milliseconds.'),
};

const progress = z.object({
  percent: z.number().min(0).max(100),
  description: z.string(),
  phase: z.enum(['reading', 'parsing', 'checking', 'syntax', 'running', 'done']),
  taskNumber: countOf('Which task of the playbook this is, from 1; 0 before the first.').optional(),
  taskCount: countOf('How many tasks the playbook has, as far as known.').optional(),
});

const sourceErrors = {
  PLAYBOOK_NOT_FOUND: z.object({ path: z.string() }),
  /** The file lies outside the folder that the executor may read. */
  PATH_NOT_ALLOWED: z.object({ path: z.string() }),
  PLAYBOOK_TOO_LARGE: z.object({ bytes: z.int(), limitBytes: z.int() }),
  /** The engine that was asked for is not installed where the executor runs. */
  ENGINE_NOT_INSTALLED: z.object({ engine: z.string(), command: z.string() }),
  /** The engine ended in a way that says nothing about the playbook. */
  ENGINE_FAILED: z.object({ engine: z.string(), exitCode: z.int(), stderr: z.string() }),
};

/** Ansible playbooks. */
export const playbook = {
  lint: defineTask({
    title: 'Lint a playbook',
    description:
      'Looks for faults and bad habits in an Ansible playbook, with ansible-lint where it is installed and with built-in checks where not.',
    input: z
      .object({
        ...source,
        engine: z.enum(['auto', 'ansible-lint', 'built-in']).default('auto').meta({
          title: 'Engine',
          description: 'auto takes ansible-lint when it is installed, else the built-in checks.',
        }),
      })
      .refine(exactlyOneSource, oneSourceMessage)
      .meta(oneSourceSchema),
    progress,
    output: z.object({
      ...report,
      rules: z.array(z.object({ id: z.string(), help: z.string() })).meta({
        description: 'What the rules that found something are about.',
      }),
      engine: z.enum(['ansible-lint', 'built-in']),
    }),
    errors: sourceErrors,
  }),
  test: defineTask({
    title: 'Test a playbook',
    description:
      'Runs ansible-playbook --syntax-check on an Ansible playbook and, in check mode, a dry run against localhost.',
    input: z
      .object({
        ...source,
        mode: z.enum(['syntax', 'check']).default('syntax').meta({
          title: 'Mode',
          description:
            "syntax reads the playbook only. check also does a dry run on the executor's machine, which the executor must allow.",
        }),
      })
      .refine(exactlyOneSource, oneSourceMessage)
      .meta(oneSourceSchema),
    progress,
    output: z.object({
      ...report,
      engine: z.literal('ansible-playbook'),
      mode: z.enum(['syntax', 'check']),
      recap: z
        .object({
          ok: z.int(),
          changed: z.int(),
          unreachable: z.int(),
          failed: z.int(),
          skipped: z.int(),
          rescued: z.int(),
          ignored: z.int(),
        })
        .nullable()
        .meta({ description: 'What the dry run counted; null when there was none.' }),
    }),
    errors: {
      ...sourceErrors,
      /** Check mode can run commands of the playbook, so the executor's operator has to allow it. */
      CHECK_MODE_NOT_ALLOWED: z.object({ variable: z.string() }),
    },
  }),
};
