import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

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
