import { waitLimitMs } from '@longhaul/proto/wire';

/** What a caller prefers of how it is answered (RFC 7240). */
export type Preferences = {
  /** `respond-async`: not to wait. */
  readonly respondAsync: boolean;
  /** `wait=N`: to wait so many seconds for the result; as many of them as the gateway waits. */
  readonly waitSeconds: number | undefined;
};

/** A preference: its name, its value where there is one, and parameters, which none of ours has. */
const preference =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?\s*(?:;.*)?$/;

/** Reads the header `Prefer`. As RFC 7240 says, what is not known or malformed is passed over; of two, the first counts. */
export function readPrefer(header: string | undefined): Preferences {
  const found = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const [, name, quoted, token] = preference.exec(part.trim()) ?? [];
    if (name === undefined || found.has(name.toLowerCase())) continue;
    found.set(name.toLowerCase(), quoted ?? token ?? '');
  }
  const wait = found.get('wait');
  return {
    respondAsync: found.has('respond-async'),
    waitSeconds:
      wait !== undefined && /^\d{1,9}$/.test(wait) ? Math.min(Number(wait), waitLimitMs / 1_000) : undefined,
  };
}

/** What of it was heeded, for the header `Preference-Applied`. */
export function preferenceApplied({ respondAsync, waitSeconds }: Preferences): Record<string, string> {
  const applied = [
    ...(respondAsync ? ['respond-async'] : []),
    ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`]),
  ];
  return applied.length === 0 ? {} : { 'preference-applied': applied.join(', ') };
}

/** Whether `If-None-Match` names an entity tag, by the weak comparison (RFC 9110, 13.1.2). */
export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const bare = (one: string) => one.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some(one => bare(one) === bare(tag));
}
