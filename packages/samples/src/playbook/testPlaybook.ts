import type { Handler } from '@longhaul/executor';
import { positionOfTask } from './builtIn/playbookModel.ts';
import { readPlaybook } from './builtIn/readPlaybook.ts';
import { parseMessages } from './engines/ansibleMessages.ts';
import { parseFailures, parseRecap, type Recap, taskStartedIn } from './engines/dryRun.ts';
import { engineFailed, findExecutable, named, notInstalled, runAnsible } from './engines/runAnsible.ts';
import type { PlaybookOptions } from './options.ts';
import { type PlaybookSource, withPlaybook } from './playbookSource.ts';
import {
  type Finding,
  makeReport,
  type PlaybookContext,
  type PlaybookTasks,
  playbookError,
} from './playbookTypes.ts';

const onLocalhost = ['-i', 'localhost,', '-c', 'local'];

/** `playbook.test`: `ansible-playbook --syntax-check` and, in check mode, `--check` against localhost. */
export function testHandler(options: PlaybookOptions): Handler<PlaybookTasks['test']> {
  return async ctx => {
    const startedAt = performance.now();
    const { mode } = ctx.input;
    if (mode === 'check' && options.allowCheckMode !== true) throw checkModeNotAllowed();
    const command = options.ansiblePlaybook ?? 'ansible-playbook';
    const ansiblePlaybook = await findExecutable(command);
    if (ansiblePlaybook === undefined) throw notInstalled('ansible-playbook', command);

    ctx.progress({ percent: 0, description: 'Reading the playbook', phase: 'reading' });
    return withPlaybook(ctx, options, async source => {
      const syntax = await checkSyntax(ctx, ansiblePlaybook, source, mode === 'check' ? 20 : 90);
      const canRun = syntax.every(({ severity }) => severity !== 'error');
      const run =
        mode === 'check' && canRun
          ? await dryRun(ctx, ansiblePlaybook, source)
          : { findings: [], recap: null };
      const report = makeReport([...syntax, ...run.findings], startedAt);
      ctx.progress({
        percent: 100,
        description: report.ok ? 'The playbook is fine' : 'The playbook has errors',
        phase: 'done',
      });
      return { ...report, engine: 'ansible-playbook' as const, mode, recap: run.recap };
    });
  };
}

async function checkSyntax(
  ctx: PlaybookContext,
  command: string,
  source: PlaybookSource,
  percent: number,
): Promise<Finding[]> {
  ctx.progress({ percent: 5, description: 'Checking the syntax', phase: 'syntax' });
  const result = await runAnsible(ctx, command, [...onLocalhost, '--syntax-check'], source);
  const findings = parseMessages(result.stderr, 'syntax-check', source.path).map(named(source));
  const saysWhy = findings.some(({ severity }) => severity === 'error');
  if (result.exitCode !== 0 && !saysWhy) throw engineFailed('ansible-playbook', result);
  ctx.progress({ percent, description: 'Checked the syntax', phase: 'syntax' });
  return findings;
}

async function dryRun(
  ctx: PlaybookContext,
  command: string,
  source: PlaybookSource,
): Promise<{ findings: Finding[]; recap: Recap | null }> {
  const playbook = readPlaybook(source.text);
  // Roles and includes may add to them: only for the bar.
  const taskCount = playbook.plays.flatMap(play => play.tasks).length;
  let taskNumber = 0;
  // With Ansible's own Python, which has what its modules need.
  const args = [...onLocalhost, '--check', '-e', 'ansible_python_interpreter={{ ansible_playbook_python }}'];
  const result = await runAnsible(ctx, command, args, source, line => {
    const task = taskStartedIn(line);
    if (task === undefined) return;
    taskNumber += 1;
    ctx.progress({
      percent: Math.min(95, Math.round(20 + (75 * taskNumber) / (taskCount + 1))),
      description: `Trying ${task}`,
      phase: 'running',
      taskNumber,
      taskCount: Math.max(taskCount, taskNumber),
    });
  });
  const failures = [
    ...parseFailures(result.stdout, name => ({ file: source.path, ...positionOfTask(playbook, name) })),
    ...parseMessages(result.stderr, 'task-failed', source.path),
  ].map(named(source));
  const saysWhy = failures.some(({ severity }) => severity === 'error');
  if (result.exitCode !== 0 && !saysWhy) throw engineFailed('ansible-playbook', result);
  // A run that ends well has rescued what failed on the way.
  const findings =
    result.exitCode === 0 ? failures.map(failure => ({ ...failure, severity: 'info' as const })) : failures;
  return { findings, recap: parseRecap(result.stdout) };
}

function checkModeNotAllowed() {
  return playbookError(
    'CHECK_MODE_NOT_ALLOWED',
    'This executor does no dry runs, because they can run commands of the playbook: use mode "syntax", or have its operator set PLAYBOOK_ALLOW_CHECK=1.',
    { variable: 'PLAYBOOK_ALLOW_CHECK' },
  );
}
