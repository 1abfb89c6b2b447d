import type { Severity } from '../playbookTypes.ts';
import type { Block, Fault, Play, Playbook, Task } from './playbookModel.ts';

/** What every rule says of itself. */
type RuleAbout = {
  /** As in ansible-lint where it has the same rule. */
  readonly id: string;
  readonly severity: Severity;
  /** What it finds and what to do about it. */
  readonly docs: string;
};

/** A rule looks at the whole playbook, at each play, or at each task; it is a pure function. */
export type Rule = RuleAbout &
  (
    | { readonly scope: 'playbook'; readonly check: (playbook: Playbook) => readonly Fault[] }
    | { readonly scope: 'play'; readonly check: (play: Play) => readonly Fault[] }
    | { readonly scope: 'task'; readonly check: (task: Task) => readonly Fault[] }
    | { readonly scope: 'taskOrBlock'; readonly check: (item: Task | Block) => readonly Fault[] }
  );
