const marker = /#\s*noqa\b:?\s*(?<rules>.*)$/;

/** The rules that a line switches off by `# noqa: rule`; `all` for a bare `# noqa`; `undefined` for an ordinary line. */
export function switchedOff(line: string): ReadonlySet<string> | 'all' | undefined {
  const found = marker.exec(line);
  if (found === null) return undefined;
  const rules = (found.groups?.rules ?? '').split(/[\s,]+/).filter(Boolean);
  return rules.length === 0 ? 'all' : new Set(rules);
}
