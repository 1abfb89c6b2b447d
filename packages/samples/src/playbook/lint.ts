import type { Handler } from '@longhaul/executor';
import { lintText } from './builtIn/lintText.ts';
import { ruleTable } from './builtIn/ruleTable.ts';
import { engineFailed, findExecutable, named, notInstalled, runAnsible } from './engines/runAnsible.ts';
import { parseSarif } from './engines/sarif.ts';
import type { PlaybookOptions } from './options.ts';
import { type PlaybookSource, withPlaybook } from './playbookSource.ts';
import type { LintResult, PlaybookContext, PlaybookTasks } from './playbookTypes.ts';
import { makeReport } from './playbookTypes.ts';

/** `playbook.lint`: with ansible-lint where it is installed, else with the built-in checks. */
export function lintHandler(options: PlaybookOptions): Handler<PlaybookTasks['lint']> {
  return async ctx => {
    const startedAt = performance.now();
    ctx.progress({ percent: 0, description: 'Reading the playbook', phase: 'reading' });
    return withPlaybook(ctx, options, async source => {
      const ansibleLint = ctx.input.engine === 'built-in' ? undefined : await findAnsibleLint(ctx, options);
      const { findings, help } = ansibleLint
        ? await withAnsibleLint(ctx, ansibleLint, source)
        : await withBuiltIn(ctx, source);
      const report = makeReport(findings, startedAt);
      const rules = [...new Set(report.findings.map(({ rule }) => rule))].map(id => ({
        id,
        help: help.get(id) ?? '',
      }));
      ctx.progress({ percent: 100, description: `Found ${findings.length} things`, phase: 'done' });
      return { ...report, rules, engine: ansibleLint ? ('ansible-lint' as const) : ('built-in' as const) };
    });
  };
}

async function findAnsibleLint(
  ctx: PlaybookContext & { readonly input: { readonly engine: string } },
  options: PlaybookOptions,
): Promise<string | undefined> {
  const command = options.ansibleLint ?? 'ansible-lint';
  const found = await findExecutable(command);
  if (found === undefined && ctx.input.engine === 'ansible-lint') throw notInstalled('ansible-lint', command);
  if (found === undefined && options.ansibleLint !== undefined) {
    ctx.log.warn(`ANSIBLE_LINT names "${command}", which is not there: using the built-in checks.`);
  }
  return found;
}

async function withAnsibleLint(
  ctx: PlaybookContext,
  command: string,
  source: PlaybookSource,
): Promise<LintResult> {
  ctx.progress({ percent: 10, description: 'Running ansible-lint', phase: 'running' });
  const result = await runAnsible(ctx, command, ['-q', '--offline', '--nocolor', '-f', 'sarif'], source);
  // 2 says that there are findings; what else went wrong shows in that there is no report.
  const report = parseSarif(result.stdout);
  if (report === undefined) throw engineFailed('ansible-lint', result);
  return { ...report, findings: report.findings.map(named(source)) };
}

async function withBuiltIn(ctx: PlaybookContext, source: PlaybookSource): Promise<LintResult> {
  ctx.progress({ percent: 5, description: 'Reading the YAML', phase: 'parsing' });
  const findings = await lintText(source.text, source.file, {
    signal: ctx.signal,
    onTask: (taskNumber, taskCount) =>
      ctx.progress({
        percent: Math.round(10 + (85 * (taskNumber - 1)) / taskCount),
        description: `Checking task ${taskNumber} of ${taskCount}`,
        phase: 'checking',
        taskNumber,
        taskCount,
      }),
  });
  return { findings, help: new Map(ruleTable.map(({ id, docs }) => [id, docs])) };
}
