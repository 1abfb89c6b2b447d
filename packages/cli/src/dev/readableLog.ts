import { styleText } from 'node:util';
import { prettyFactory } from 'pino-pretty';
import { terminalText } from '../output/terminalText.ts';

/** What `longhaul dev` says itself, in its own words. */
const saidOtherwise = /"msg":"(?:\w+ is ready|Server listening at [^"]*)"/;

/** How a log line of a service is shown: on one line, with what matters to somebody who develops. */
export function createReadableLog(stream: NodeJS.WriteStream): (service: string, line: string) => void {
  const colorize = stream.hasColors?.() ?? false;
  const pretty = prettyFactory({
    colorize,
    ignore: 'pid,hostname,name,service,part',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    customPrettifiers: {
      time: time => styleText('dim', String(time), { stream, validateStream: true }),
    },
  });
  return (service, line) => {
    if (saidOtherwise.test(line)) return;
    const label = styleText('cyan', service.padEnd(8), { stream, validateStream: true });
    const text = line.startsWith('{') ? pretty(line).trimEnd() : terminalText(line);
    stream.write(`${label}  ${text}\n`);
  };
}
