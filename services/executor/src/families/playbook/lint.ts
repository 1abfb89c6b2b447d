import type { Handler } from '../../handler/taskContext.ts';
import { lintText } from './builtIn/lintText.ts';
import { engineFailed, named, notInstalled, runAnsible } from './engines/runAnsible.ts';
import { parseSarif } from './engines/sarif.ts';
import { findExecutable } from './findExecutable.ts';
import type { PlaybookOptions } from './options.ts';
import { type PlaybookSource, withPlaybook } from './playbookSource.ts';
import type { Finding, PlaybookContext, PlaybookTasks } from './playbookTypes.ts';
import { makeReport } from './report.ts';

/** `playbook.lint`: with ansible-lint where it is installed, else with the built-in checks. */
export function lintHandler(options: PlaybookOptions): Handler<PlaybookTasks['lint']> {
  return async ctx => {
    const startedAt = performance.now();
    ctx.progress({ percent: 0, description: 'Reading the playbook', phase: 'reading' });
    return withPlaybook(ctx, options, async source => {
      const ansibleLint = ctx.input.engine === 'built-in' ? undefined : await findAnsibleLint(ctx, options);
      const findings = ansibleLint
        ? await withAnsibleLint(ctx, ansibleLint, source)
        : await withBuiltIn(ctx, source);
      const report = makeReport(findings, startedAt);
      ctx.progress({ percent: 100, description: `Found ${findings.length} things`, phase: 'done' });
      return { ...report, engine: ansibleLint ? ('ansible-lint' as const) : ('built-in' as const) };
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
): Promise<Finding[]> {
  ctx.progress({ percent: 10, description: 'Running ansible-lint', phase: 'running' });
  const result = await runAnsible(ctx, command, ['-q', '--offline', '--nocolor', '-f', 'sarif'], source);
  // 2 says that there are findings; what else went wrong shows in that there is no report.
  const findings = parseSarif(result.stdout);
  if (findings === undefined) throw engineFailed('ansible-lint', result);
  return findings.map(named(source));
}

async function withBuiltIn(ctx: PlaybookContext, source: PlaybookSource): Promise<Finding[]> {
  ctx.progress({ percent: 5, description: 'Reading the YAML', phase: 'parsing' });
  return lintText(source.text, source.file, {
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
}
