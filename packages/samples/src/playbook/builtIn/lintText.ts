import { scheduler } from 'node:timers/promises';
import type { Finding } from '../playbookTypes.ts';
import type { Fault, Playbook } from './playbookModel.ts';
import { readPlaybook } from './readPlaybook.ts';
import type { Rule } from './rule.ts';
import { ruleTable } from './ruleTable.ts';

export type LintOptions = {
  readonly signal: AbortSignal;
  /** Called before each task or block with its number from 1, and how many there are. */
  readonly onTask: (taskNumber: number, taskCount: number) => void;
};

/** Applies every built-in check to a playbook. */
export async function lintText(text: string, file: string, options: LintOptions): Promise<Finding[]> {
  const playbook = readPlaybook(text);
  const findings: Finding[] = [];
  const add = (rule: Rule, faults: readonly Fault[]) => {
    for (const fault of faults) findings.push(findingOf(rule, fault, playbook, file));
  };

  for (const rule of ruleTable) {
    if (rule.scope === 'playbook') add(rule, rule.check(playbook));
  }
  const taskCount = playbook.plays.reduce((sum, play) => sum + play.tasks.length, 0);
  let taskNumber = 0;
  for (const play of playbook.plays) {
    for (const rule of ruleTable) if (rule.scope === 'play') add(rule, rule.check(play));
    for (const item of play.tasks) {
      taskNumber += 1;
      options.onTask(taskNumber, taskCount);
      // Lets a cancel in, and other tasks of the executor.
      await scheduler.yield();
      options.signal.throwIfAborted();
      for (const rule of ruleTable) {
        if (rule.scope === 'taskOrBlock') add(rule, rule.check(item));
        else if (rule.scope === 'task' && item.kind === 'task') add(rule, rule.check(item));
      }
    }
  }
  return withoutSwitchedOff(findings, playbook);
}

function findingOf(rule: Rule, { offset, message }: Fault, playbook: Playbook, file: string): Finding {
  const { line, col } = playbook.lineCounter.linePos(offset);
  // A position behind the last line break is a line of its own, with column 0 in an empty file.
  return {
    rule: rule.id,
    severity: rule.severity,
    message,
    file,
    line: Math.max(line, 1),
    column: Math.max(col, 1),
  };
}

/** Errors cannot be switched off: they stay errors to Ansible. */
function withoutSwitchedOff(findings: readonly Finding[], { lines }: Playbook): Finding[] {
  // Each line is read once: all of a playbook, and so all findings, can be in one line.
  const offByLine = new Map<number, ReturnType<typeof switchedOff>>();
  return findings.filter(({ severity, line, rule }) => {
    if (severity === 'error') return true;
    if (!offByLine.has(line)) offByLine.set(line, switchedOff(lines[line - 1] ?? ''));
    const off = offByLine.get(line);
    return off !== 'all' && off?.has(rule) !== true;
  });
}

const marker = /#\s*noqa\b:?\s*(?<rules>.*)$/;

/** The rules that a line switches off by `# noqa: rule`; `all` for a bare `# noqa`; `undefined` for an ordinary line. */
export function switchedOff(line: string): ReadonlySet<string> | 'all' | undefined {
  const found = marker.exec(line);
  if (found === null) return undefined;
  const rules = (found.groups?.rules ?? '').split(/[\s,]+/).filter(Boolean);
  return rules.length === 0 ? 'all' : new Set(rules);
}
