import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

const runsCommands = new Set(['command', 'shell', 'raw', 'script']);

export const changedWhen: Rule = {
  id: 'no-changed-when',
  severity: 'warning',
  docs: 'A command is always reported as changed. Say when it changes something: changed_when, creates or removes.',
  scope: 'task',
  check: ({ section, entries, moduleName = '', args, offset }) => {
    if (!runsCommands.has(shortModuleName(moduleName)) || section === 'handlers') return [];
    if (args.values.has('creates') || args.values.has('removes')) return [];
    if (entries.some(({ key }) => key === 'changed_when')) return [];
    return [{ offset, message: 'Say when the command changes something: changed_when, creates or removes.' }];
  },
};

const moduleFor: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'apt-get': 'apt',
    apt: 'apt',
    chgrp: 'file',
    chmod: 'file',
    chown: 'file',
    cp: 'copy',
    curl: 'get_url or uri',
    dnf: 'dnf',
    git: 'git',
    hostname: 'hostname',
    ln: 'file',
    mkdir: 'file',
    mount: 'mount',
    rm: 'file',
    rpm: 'dnf',
    rsync: 'synchronize',
    sed: 'replace or lineinfile',
    service: 'service',
    sudo: 'become',
    svn: 'subversion',
    systemctl: 'systemd_service',
    tar: 'unarchive',
    touch: 'file',
    unzip: 'unarchive',
    useradd: 'user',
    wget: 'get_url or uri',
    yum: 'dnf',
  }),
);
// What the modules cannot do.
const only: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    git: /\b(clone|pull|checkout)\b/,
    systemctl: /\b(start|stop|restart|reload|enable|disable|daemon-reload)\b/,
  }),
);

export const commandInsteadOfModule: Rule = {
  id: 'command-instead-of-module',
  severity: 'warning',
  docs: 'A command for which there is a module. The module knows whether anything has changed.',
  scope: 'task',
  check: ({ moduleName = '', args, offset }) => {
    if (!['command', 'shell'].includes(shortModuleName(moduleName))) return [];
    const line = args.freeForm?.text ?? args.values.get('cmd')?.source ?? '';
    const program = /^\s*(\S+)/.exec(line)?.[1]?.split('/').at(-1) ?? '';
    const module = moduleFor.get(program);
    if (module === undefined || only.get(program)?.test(line) === false) return [];
    return [{ offset, message: `Use ${module} instead of running ${program}.` }];
  },
};

const needsShell = /[&|<>;$\n*?`(){}~[\]]/;

export const commandInsteadOfShell: Rule = {
  id: 'command-instead-of-shell',
  severity: 'info',
  docs: 'A shell for a command that needs none. Use command: no character of it has a meaning to a shell.',
  scope: 'task',
  check: ({ moduleName = '', args, modules: [module] }) => {
    if (!module || shortModuleName(moduleName) !== 'shell' || args.values.has('executable')) return [];
    const line = args.freeForm?.text ?? args.values.get('cmd')?.source ?? '';
    return needsShell.test(line.trim())
      ? []
      : [{ offset: module.offset, message: 'Use command: it needs no shell.' }];
  },
};
