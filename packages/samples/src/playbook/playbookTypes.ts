import { type TaskContext, TaskError } from '@longhaul/executor';
import type { ErrorsOf, OutputOf, ProgressOf } from '@longhaul/proto';
import type { sampleContract } from '../index.ts';

/** The tasks of the branch `playbook`. */
export type PlaybookTasks = (typeof sampleContract)['playbook'];

/** Progress is the same for both tasks. */
export type PlaybookProgress = ProgressOf<PlaybookTasks['lint']>;

/** One fault of a playbook. */
export type Finding = OutputOf<PlaybookTasks['lint']>['findings'][number];
export type Severity = Finding['severity'];

/** What a linter found, and by rule what its rules are about. */
export type LintResult = {
  readonly findings: readonly Finding[];
  readonly help: ReadonlyMap<string, string>;
};

/** What both tasks need of their context. */
export type PlaybookContext = Pick<
  TaskContext<PlaybookTasks['lint']>,
  'signal' | 'progress' | 'log' | 'exec'
> & {
  readonly input: { readonly path?: string | undefined; readonly content?: string | undefined };
};

type PlaybookErrors = ErrorsOf<PlaybookTasks['test']>;

/** Makes a declared error. `playbook.test` declares all that `playbook.lint` does, and more. */
export function playbookError<C extends keyof PlaybookErrors>(
  code: C,
  message: string,
  data: PlaybookErrors[C],
): TaskError<C, PlaybookErrors[C]> {
  return new TaskError(code, message, data);
}

const maxFindings = 500;

/** Orders, counts and bounds findings for an output. */
export function makeReport(findings: readonly Finding[], startedAt: number) {
  const count = (severity: Finding['severity']) =>
    findings.filter(finding => finding.severity === severity).length;
  const errors = count('error');
  const ordered = [...findings].sort(
    (a, b) =>
      a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column || a.rule.localeCompare(b.rule),
  );
  return {
    ok: errors === 0,
    findings: ordered.slice(0, maxFindings),
    truncated: findings.length > maxFindings,
    summary: { errors, warnings: count('warning'), infos: count('info') },
    elapsedMs: Math.round(performance.now() - startedAt),
  };
}
