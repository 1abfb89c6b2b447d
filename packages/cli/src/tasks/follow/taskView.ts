import { isTerminal, type ShownEvent } from '@longhaul/proto/wire';
import { printJsonLine, remark } from '../../output/output.ts';
import { lineText } from '../../output/terminalText.ts';
import { createBars } from './bars.ts';
import type { FollowedTask } from './followedTask.ts';
import { readProgress } from './readProgress.ts';
import { logLine, styledStatus } from './taskText.ts';

/** What shows tasks while they are followed. */
export type TaskView = {
  /** A task has changed, by this event; without one, it was read. */
  readonly show: (task: FollowedTask, event?: ShownEvent) => void;
  readonly remark: (line: string) => void;
  /** Nothing more comes. */
  readonly end: () => void;
};

/** How tasks are shown. */
export type ViewOptions = {
  readonly json: boolean;
  /** Where lines and bars go. Standard output has the answer alone where a command has one. */
  readonly stream: NodeJS.WriteStream;
  /** Log lines of the tasks as well. */
  readonly logs: boolean;
};

/** Lines of JSON for programs, bars on a terminal, lines elsewhere. */
export function createTaskView(options: ViewOptions): TaskView {
  if (options.json) return { show: showJson, remark, end: () => {} };
  return options.stream.isTTY ? createBars(options) : createLines(options);
}

function showJson(task: FollowedTask, event?: ShownEvent): void {
  const { id, name, status } = task;
  printJsonLine(event ? { id, name, status, event } : { id, name, status, task });
}

/** A line for each change that can be seen. */
function createLines({ stream, logs }: ViewOptions): TaskView {
  const last = new Map<string, string>();
  return {
    show: (task, event) => {
      if (event?.type === 'log') {
        if (logs) stream.write(`${task.id}  ${logLine(event, stream)}\n`);
        return;
      }
      const line = `${task.id}  ${task.name}  ${describeTask(task, stream)}`;
      if (last.get(task.id) === line) return;
      last.set(task.id, line);
      stream.write(`${line}\n`);
    },
    remark,
    end: () => {},
  };
}

function describeTask({ status, progress, failure }: FollowedTask, stream: NodeJS.WriteStream): string {
  const { percent, text } = readProgress(progress);
  const isOver = isTerminal(status);
  return [
    styledStatus(status, stream),
    ...(percent === undefined || isOver ? [] : [`${Math.round(percent)} %`]),
    ...(failure ? [lineText(`${failure.code}: ${failure.message}`)] : isOver || text === '' ? [] : [text]),
  ].join('  ');
}
