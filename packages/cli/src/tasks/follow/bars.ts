import { isTerminal, type ShownEvent } from '@longhaul/proto/wire';
import cliProgress from 'cli-progress';
import { lineText } from '../../output/terminalText.ts';
import type { FollowedTask } from './followedTask.ts';
import { readProgress } from './readProgress.ts';
import { logLine, styledStatus } from './taskText.ts';

/** Where bars are drawn. */
export type BarOptions = { readonly stream: NodeJS.WriteStream; readonly logs: boolean };

/** Below the bars there is room for the line that counts the others, and for the prompt. */
const rowsKeptFree = 3;
const barChars = 20;
const statusChars = 'SCHEDULED'.length;

/** A live bar for each task, as many as the terminal has rows; a line below counts the others. */
export function createBars({ stream, logs }: BarOptions) {
  const multi = new cliProgress.MultiBar(
    {
      stream,
      format: '{bar} {shown}',
      barsize: barChars,
      hideCursor: true,
      clearOnComplete: false,
      autopadding: true,
      linewrap: false,
      fps: 10,
      // What was shown last stays on the terminal, also where it came within one frame.
      forceRedraw: true,
    },
    cliProgress.Presets.shades_classic,
  );
  const bars = new Map<string, cliProgress.SingleBar>();
  const statuses = new Map<string, FollowedTask['status']>();
  let others: cliProgress.SingleBar | undefined;
  const room = () => Math.max(1, (stream.rows || 24) - rowsKeptFree);

  const barOf = (id: string) => {
    const known = bars.get(id);
    if (known) return known;
    if (bars.size >= room()) return undefined;
    const bar = multi.create(100, 0, { shown: '' });
    bars.set(id, bar);
    return bar;
  };
  const showOthers = () => {
    if (statuses.size <= bars.size) return;
    const ended = [...statuses.values()].filter(isTerminal).length;
    others ??= multi.create(100, 0, { shown: '' });
    others.update(Math.round((100 * ended) / statuses.size), {
      shown: `${ended} of ${statuses.size} tasks have ended`,
    });
  };

  return {
    show: (task: FollowedTask, event?: ShownEvent) => {
      if (event?.type === 'log') {
        if (logs) multi.log(`${shortId(task.id)}  ${logLine(event, stream)}\n`);
        return;
      }
      statuses.set(task.id, task.status);
      const { percent, text } = readProgress(task.progress);
      barOf(task.id)?.update(task.status === 'COMPLETED' ? 100 : Math.round(percent ?? 0), {
        shown: shown(task, text, stream),
      });
      showOthers();
    },
    remark: (line: string) => multi.log(`${line}\n`),
    end: () => {
      multi.update();
      multi.stop();
    },
  };
}

/** What stands beside a bar, as wide as the terminal is: a line that wraps would be drawn again and again. */
function shown(task: FollowedTask, text: string, stream: NodeJS.WriteStream): string {
  const { id, name, status, failure } = task;
  const words = failure ? lineText(`${failure.code}: ${failure.message}`) : isTerminal(status) ? '' : text;
  const rest = `  ${name}  ${shortId(id)}  ${words}`;
  const room = (stream.columns || 80) - barChars - 2 - statusChars;
  return `${styledStatus(status, stream, statusChars)}${rest.slice(0, Math.max(0, room))}`;
}

/** The end of an id: the beginning is the time, which tasks that start together share. */
const shortId = (id: string) => `…${id.slice(-8)}`;
