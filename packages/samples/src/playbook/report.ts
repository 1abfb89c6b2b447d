import type { Finding } from './playbookTypes.ts';

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
