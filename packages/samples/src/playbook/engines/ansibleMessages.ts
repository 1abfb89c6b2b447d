import type { Finding } from '../playbookTypes.ts';

/** What a message of ansible-playbook is about. */
type Message = { readonly severity: 'error' | 'warning'; readonly rule: string; readonly text: string };
type Place = { readonly file: string; readonly line: number; readonly column: number };

// ansible-core 2.19 and later.
const origin = /^Origin: (?<file>.+?):(?<line>\d+)(?::(?<column>\d+))?$/;
// Before 2.19.
const appearsIn =
  /^The (?:error|offending line) appears to (?:be in|have been in|be) '(?<file>[^']+)': line (?<line>\d+), column (?<column>\d+)/;
const messageStart = /^\[?(?<kind>ERROR|WARNING|DEPRECATION WARNING)\]?(?:!|:) ?(?<text>.*)$/;

/**
 * Reads what ansible-playbook says of a playbook: `[ERROR]: …` and `[DEPRECATION WARNING]: …` with the place behind
 * them, in the form of ansible-core 2.19 and in the form before it. Warnings that name no place are about the machine, not
 * about the playbook, and are left out.
 *
 * @param fallback where an error is said to be that names no place
 */
export function parseMessages(output: string, rule: string, fallback: string): Finding[] {
  const findings: Finding[] = [];
  let message: Message | undefined;
  let more: string[] = [];
  let complete = false;
  const finish = (place: Place | undefined) => {
    if (message && (place || message.severity === 'error')) {
      const text = [message.text, ...more].join(' ').replace(/\s+/g, ' ').trim();
      findings.push({
        rule: message.rule,
        severity: message.severity,
        message: text,
        ...(place ?? { file: fallback, line: 1, column: 1 }),
      });
    }
    message = undefined;
    more = [];
    complete = false;
  };

  for (const line of output.split('\n')) {
    const start = messageStart.exec(line)?.groups;
    const place = placeIn(line);
    if (start) {
      finish(undefined);
      message = aboutOf(start.kind ?? '', start.text ?? '', rule);
    } else if (place) finish(place);
    // A task's result, the next heading: the message named no place.
    else if (/^(fatal: |ok: |changed: |failed: |TASK \[|PLAY |RUNNING HANDLER )/.test(line))
      finish(undefined);
    // What comes behind an empty line is the excerpt and advice, but for a YAML error of an old Ansible.
    else if (line.trim() === '') complete = !message?.text.startsWith('We were unable to read');
    else if (message && !complete) more.push(line.trim());
  }
  finish(undefined);
  return findings;
}

function aboutOf(kind: string, text: string, rule: string): Message {
  if (kind === 'ERROR') return { severity: 'error', rule, text };
  return { severity: 'warning', rule: kind === 'WARNING' ? 'warning' : 'deprecation', text };
}

function placeIn(line: string): Place | undefined {
  const place = (origin.exec(line) ?? appearsIn.exec(line))?.groups;
  if (!place?.file) return undefined;
  return {
    file: place.file,
    line: Math.max(1, Number(place.line)),
    column: Math.max(1, Number(place.column ?? 1)),
  };
}
