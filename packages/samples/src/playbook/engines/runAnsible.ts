import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, relative, resolve } from 'node:path';
import type { ExecResult } from '@longhaul/executor';
import type { PlaybookSource } from '../playbookSource.ts';
import { type Finding, type PlaybookContext, playbookError } from '../playbookTypes.ts';

/** The programs that look at playbooks. */
export type AnsibleProgram = 'ansible-lint' | 'ansible-playbook';

// A cancel has to be obeyed within 200 ms, also by an Ansible that is busy with its own cleaning up.
const killAfterMs = 100;
// Reports are read whole: a cut one is no JSON.
const maxOutputChars = 8 * 1024 * 1024;

/** Runs an Ansible program in the playbook's folder, with an output that programs can read. */
export function runAnsible(
  ctx: PlaybookContext,
  command: string,
  args: readonly string[],
  source: PlaybookSource,
  onLine: (line: string) => void = () => {},
): Promise<ExecResult> {
  // A path that begins with "-" is not an option.
  return ctx.exec(command, [...args, '--', source.path], {
    cwd: source.folder,
    killAfterMs,
    maxOutputChars,
    onLine,
    env: {
      NO_COLOR: '1',
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_FORCE_COLOR: '0',
      ANSIBLE_NOCOWS: '1',
      ANSIBLE_STDOUT_CALLBACK: 'default',
      ANSIBLE_RETRY_FILES_ENABLED: '0',
      ANSIBLE_LOCALHOST_WARNING: '0',
      // Ansible refuses to run without a UTF-8 locale.
      ...(usesUtf8(process.env) ? {} : { LC_ALL: 'C.UTF-8' }),
    },
  });
}

function usesUtf8(env: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

/** Ansible names files by their full path; callers know them by the path below their folder. */
export function named(source: PlaybookSource) {
  return (finding: Finding): Finding => {
    const path = isAbsolute(finding.file) ? relative(source.folder, finding.file) : finding.file;
    return { ...finding, file: path === source.path ? source.file : path };
  };
}

/** How to get the program, for the executor's operator. */
export function notInstalled(program: AnsibleProgram, command: string) {
  const [variable, install] =
    program === 'ansible-lint'
      ? ['ANSIBLE_LINT', 'pipx install ansible-lint']
      : ['ANSIBLE_PLAYBOOK', 'pipx install ansible-core'];
  return playbookError(
    'ENGINE_NOT_INSTALLED',
    `There is no "${command}" where the executor runs: install it (${install}), or set ${variable} to its path.`,
    { engine: program, command },
  );
}

/** The program ended in a way that says nothing about the playbook. */
export function engineFailed(program: AnsibleProgram, { exitCode, stderr, stdout }: ExecResult) {
  const said = (stderr.trim() || stdout.trim()).slice(-1_000);
  return playbookError('ENGINE_FAILED', `${program} ended with code ${exitCode}: ${said}`, {
    engine: program,
    exitCode,
    stderr: said,
  });
}

/**
 * Finds a command as a shell would: a path is taken as it is, a name is looked for on the PATH.
 *
 * @returns its full path, or `undefined` when there is no such executable file
 */
export async function findExecutable(
  command: string,
  searchPath = process.env.PATH ?? '',
): Promise<string | undefined> {
  const candidates = /[/\\]/.test(command)
    ? [resolve(command)]
    : searchPath
        .split(delimiter)
        .filter(Boolean)
        .map(folder => join(folder, command));
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
