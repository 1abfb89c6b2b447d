import { z } from 'zod';
import { textVariable } from '../environmentFields.ts';

/** How the `playbook.*` tasks run. */
export type PlaybookOptions = {
  /** Callers reach only this folder and what is in it. Default: an empty one of its own. */
  readonly playbookFolder?: string | undefined;
  /** The `ansible-lint` to run: a path, or a name to look for on the PATH. Default: `ansible-lint`. */
  readonly ansibleLint?: string | undefined;
  /** The `ansible-playbook` to run: a path, or a name to look for on the PATH. Default: `ansible-playbook`. */
  readonly ansiblePlaybook?: string | undefined;
  /**
   * Lets callers do dry runs. A dry run can run commands of the playbook as the executor's user (`check_mode: false`,
   * lookups), so allow it only where every caller may do that. Default: false.
   */
  readonly allowCheckMode?: boolean | undefined;
  /** A larger playbook is refused, in bytes. Default: 256 Ki. */
  readonly maxBytes?: number | undefined;
};

const environment = z.object({
  PLAYBOOK_DIR: textVariable,
  ANSIBLE_LINT: textVariable,
  ANSIBLE_PLAYBOOK: textVariable,
  PLAYBOOK_ALLOW_CHECK: z
    .enum(['', '0', '1', 'false', 'true'])
    .transform(value => value === '1' || value === 'true')
    .optional(),
});

/**
 * Reads the options from `PLAYBOOK_DIR`, `ANSIBLE_LINT`, `ANSIBLE_PLAYBOOK` and `PLAYBOOK_ALLOW_CHECK`.
 *
 * @throws z.ZodError that names the variable with a bad value
 */
export function playbookOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): PlaybookOptions {
  const parsed = environment.parse(env);
  return {
    playbookFolder: parsed.PLAYBOOK_DIR,
    ansibleLint: parsed.ANSIBLE_LINT,
    ansiblePlaybook: parsed.ANSIBLE_PLAYBOOK,
    allowCheckMode: parsed.PLAYBOOK_ALLOW_CHECK,
  };
}
