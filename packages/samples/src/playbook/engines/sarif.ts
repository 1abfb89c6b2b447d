import { z } from 'zod';
import type { Finding, LintResult, Severity } from '../playbookTypes.ts';
import { parseMessages } from './ansibleMessages.ts';

const level = z.enum(['none', 'note', 'warning', 'error']).catch('warning');

const sarif = z.object({
  runs: z.array(
    z.object({
      tool: z.object({
        driver: z.object({
          rules: z
            .array(
              z.object({
                id: z.string(),
                shortDescription: z.object({ text: z.string() }).optional(),
                help: z.object({ text: z.string() }).optional(),
                helpUri: z.string().optional(),
                defaultConfiguration: z.object({ level }).optional(),
              }),
            )
            .default([]),
        }),
      }),
      results: z.array(
        z.object({
          ruleId: z.string(),
          level: level.default('warning'),
          message: z.object({ text: z.string() }),
          locations: z
            .array(
              z.object({
                physicalLocation: z.object({
                  artifactLocation: z.object({ uri: z.string() }),
                  region: z.object({ startLine: z.int(), startColumn: z.int().optional() }).optional(),
                }),
              }),
            )
            .default([]),
        }),
      ),
    }),
  ),
});

const maxMessageChars = 1_000;

/** A playbook that Ansible cannot even load is an error, whatever the report calls it. */
const unloadable = /^(load-failure|syntax-check|internal-error|parser-error)\b/;

type Run = z.infer<typeof sarif>['runs'][number];

/**
 * Reads the SARIF report of ansible-lint.
 *
 * @returns `undefined` when the text is no such report
 */
export function parseSarif(text: string): LintResult | undefined {
  const report = sarif.safeParse(parseJson(text));
  if (!report.success) return undefined;
  const { runs } = report.data;
  return { findings: runs.flatMap(findingsOf), help: new Map(runs.flatMap(helpOf)) };
}

function helpOf(run: Run): [string, string][] {
  return run.tool.driver.rules.map(({ id, help, helpUri }) => [
    id,
    [help?.text, helpUri].filter(Boolean).join(' '),
  ]);
}

function findingsOf(run: Run): Finding[] {
  const rules = new Map(run.tool.driver.rules.map(rule => [rule.id, rule]));
  return run.results.flatMap(({ ruleId, level: resultLevel, message, locations }): Finding[] => {
    const place = locations[0]?.physicalLocation;
    const rule = rules.get(ruleId);
    const file = place ? decodeUri(place.artifactLocation.uri) : '';
    // The whole output of ansible-playbook, which ansible-lint did not understand.
    if (ruleId === 'internal-error' && message.text.includes('[ERROR]')) {
      return parseMessages(message.text, 'syntax-check', file);
    }
    return [
      {
        rule: ruleId,
        severity: unloadable.test(ruleId)
          ? 'error'
          : severityOf(resultLevel, rule?.defaultConfiguration?.level ?? resultLevel),
        message: messageOf(message.text, rule?.shortDescription?.text).slice(0, maxMessageChars),
        file,
        line: Math.max(1, place?.region?.startLine ?? 1),
        column: Math.max(1, place?.region?.startColumn ?? 1),
      },
    ];
  });
}

/** Results say "error" for whatever fails the run; how bad it is, only the rule says. */
function severityOf(result: z.infer<typeof level>, rule: z.infer<typeof level>): Severity {
  const lower = result === 'error' ? rule : result;
  return lower === 'error' ? 'error' : lower === 'warning' ? 'warning' : 'info';
}

/** Results often name only the task; what is wrong with it, only the rule says. */
function messageOf(result: string, rule: string | undefined): string {
  const task = /^Task\/Handler: ([\s\S]*)$/.exec(result)?.[1];
  if (rule === undefined) return result;
  if (task !== undefined) return `${rule} Task: ${task}`;
  return result === 'None' || rule.includes(result) ? rule : result;
}

function decodeUri(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
