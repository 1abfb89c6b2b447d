import { type Logger, pino } from 'pino';

export type LogLine = { readonly level: number; readonly msg: string } & Readonly<Record<string, unknown>>;

/** A logger whose lines a test reads, and can wait for. */
export function recordedLog(level = 'info'): {
  readonly logger: Logger;
  readonly lines: readonly LogLine[];
  /** Resolves with the first line that fits, whether it was written already or is still to come. */
  readonly lineThat: (fits: (line: LogLine) => boolean) => Promise<LogLine>;
} {
  const lines: LogLine[] = [];
  const waiting = new Set<(line: LogLine) => void>();
  const logger = pino(
    { level },
    {
      write: (text: string) => {
        const line = JSON.parse(text) as LogLine;
        lines.push(line);
        for (const tell of waiting) tell(line);
      },
    },
  );
  const lineThat = (fits: (line: LogLine) => boolean) => {
    const earlier = lines.find(fits);
    if (earlier) return Promise.resolve(earlier);
    return new Promise<LogLine>(resolve => {
      const tell = (line: LogLine) => {
        if (!fits(line)) return;
        waiting.delete(tell);
        resolve(line);
      };
      waiting.add(tell);
    });
  };
  return { logger, lines, lineThat };
}

/** The two lines of a repair. */
export const isLoss = ({ msg }: LogLine) => msg.startsWith('lost or changed in NATS');
export const isRepair = ({ msg }: LogLine) => msg === 'repaired in NATS';
