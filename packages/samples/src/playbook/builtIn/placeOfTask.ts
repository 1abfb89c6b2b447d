import { isScalar } from 'yaml';
import { entryOf, type Playbook } from './playbookModel.ts';

/** Where the first task of this name begins; the beginning of the file when there is none. */
export function placeOfTask(
  { plays, lineCounter }: Playbook,
  name: string,
): { line: number; column: number } {
  const task = plays
    .flatMap(play => play.tasks)
    .find(item => {
      const value = entryOf(item, 'name')?.value;
      return isScalar(value) && value.value === name;
    });
  if (task === undefined) return { line: 1, column: 1 };
  const { line, col } = lineCounter.linePos(task.offset);
  return { line, column: col };
}
