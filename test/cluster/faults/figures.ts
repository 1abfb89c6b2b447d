/** What a run has seen. The first five are to be zero. */
export type Figures = {
  /** Tasks that were accepted. */
  accepted: number;
  /** Accepted, and without a record or an end. */
  readonly lost: string[];
  /** With more than one end in the event log. */
  readonly doubled: string[];
  /** Record and event log, or result and input, do not agree; a watcher missed an event. */
  readonly disagreeing: string[];
  /** Waits that were still open long after the last fault. */
  readonly hung: string[];
  /** Calls that a gateway refused although one server alone had failed, with the fault at that time. */
  readonly refused: string[];
  /** Of each kind of fault: the longest start, limited task, and silence of a running task's stream, in milliseconds. */
  readonly longest: Map<string, Longest>;
};

export type Longest = { startMs: number; shortMs: number; limitedMs: number; stallMs: number };

export function newFigures(): Figures {
  return {
    accepted: 0,
    lost: [],
    doubled: [],
    disagreeing: [],
    hung: [],
    refused: [],
    longest: new Map(),
  };
}

/** Notes a duration under the fault during which it began. */
export function note(figures: Figures, fault: string, what: keyof Longest, ms: number): void {
  const longest = figures.longest.get(fault) ?? { startMs: 0, shortMs: 0, limitedMs: 0, stallMs: 0 };
  longest[what] = Math.max(longest[what], Math.round(ms));
  figures.longest.set(fault, longest);
}

/** The figures for people: a line of counts, a table by fault, and what went wrong. */
export function report(figures: Figures): string {
  const counts = (['lost', 'doubled', 'disagreeing', 'hung', 'refused'] as const).map(
    what => `${what} ${figures[what].length}`,
  );
  const rows = [...figures.longest].map(
    ([fault, { startMs, shortMs, limitedMs, stallMs }]) =>
      `  ${fault.padEnd(30)} start ${startMs} ms, short task ${shortMs} ms, limited task ${limitedMs} ms, stall ${stallMs} ms`,
  );
  const wrong = (['lost', 'doubled', 'disagreeing', 'hung', 'refused'] as const).flatMap(what =>
    figures[what].slice(0, 12).map(line => `  ${what}: ${line}`),
  );
  return [`accepted ${figures.accepted}, ${counts.join(', ')}`, 'longest, by fault:', ...rows, ...wrong].join(
    '\n',
  );
}
