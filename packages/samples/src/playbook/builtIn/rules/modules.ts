import { fullModuleNames, shortModuleName } from '../moduleNames.ts';
import type { ModuleArgs } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

export const fullNames: Rule = {
  id: 'fqcn',
  severity: 'warning',
  docs: 'A module by its short name. The full name says which collection it comes from.',
  scope: 'task',
  check: ({ moduleName = '', modules: [module] }) => {
    const full = fullModuleNames.get(moduleName);
    if (!full || !module) return [];
    return [{ offset: module.offset, message: `Use ${full} instead of ${moduleName}.` }];
  },
};

export const bareInclude: Rule = {
  id: 'deprecated-include',
  severity: 'error',
  docs: 'The module "include" was removed in ansible-core 2.16. Use include_tasks or import_tasks.',
  scope: 'task',
  check: ({ moduleName = '', modules: [module] }) =>
    module && shortModuleName(moduleName) === 'include'
      ? [{ offset: module.offset, message: 'Use include_tasks or import_tasks instead of include.' }]
      : [],
};

// Modules that are meant to be told in one text.
const takesText = new Set([
  'command',
  'shell',
  'raw',
  'script',
  'meta',
  'set_fact',
  'include_tasks',
  'import_tasks',
  'include_vars',
  'include',
  'group_by',
  'add_host',
  'expect',
  'win_command',
  'win_shell',
]);

export const freeForm: Rule = {
  id: 'no-free-form',
  severity: 'info',
  docs: 'Arguments as name=value words, in which quotes and types get lost. Write them as YAML keys.',
  scope: 'task',
  check: ({ moduleName = '', args, modules: [module] }) => {
    if (!module || !args.freeForm || takesText.has(shortModuleName(moduleName))) return [];
    if (!/(^|\s)[a-z_]+=/.test(args.freeForm.text)) return [];
    return [{ offset: module.offset, message: `Write the arguments of ${moduleName} as YAML keys.` }];
  },
};

// Modules that make a file, and when they do.
const makesFile: ReadonlyMap<string, (args: ModuleArgs) => boolean> = new Map<
  string,
  (args: ModuleArgs) => boolean
>(
  Object.entries<(args: ModuleArgs) => boolean>({
    assemble: () => true,
    copy: () => true,
    get_url: () => true,
    template: () => true,
    file: args => ['touch', 'directory'].includes(args.values.get('state')?.source ?? ''),
    blockinfile: args => isTrue(args.values.get('create')?.source),
    lineinfile: args => isTrue(args.values.get('create')?.source),
  }),
);

export const filePermissions: Rule = {
  id: 'risky-file-permissions',
  severity: 'warning',
  docs: 'A file is made without mode, so its permissions depend on the umask. Set mode.',
  scope: 'task',
  check: ({ moduleName = '', args, modules: [module] }) => {
    const makes = makesFile.get(shortModuleName(moduleName));
    if (!module || !makes?.(args) || args.values.has('mode')) return [];
    return [{ offset: module.offset, message: `Set mode for the file that ${moduleName} makes.` }];
  },
};

const isTrue = (source: string | undefined) => /^(true|yes|on|1)$/i.test(source ?? '');

export const octalMode: Rule = {
  id: 'risky-octal',
  severity: 'error',
  docs: 'A mode such as 644 is a decimal number to YAML, and means something else. Write "0644".',
  scope: 'task',
  check: ({ args }) => {
    const mode = args.values.get('mode');
    if (!mode?.plain || !/^[1-7]\d{2,3}$/.test(mode.source)) return [];
    return [
      {
        offset: mode.offset,
        message: `Write the mode as "0${mode.source}": without quotes it is a decimal number.`,
      },
    ];
  },
};

const installsPackages = new Set([
  'apk',
  'apt',
  'dnf',
  'dnf5',
  'homebrew',
  'npm',
  'package',
  'pacman',
  'pip',
  'snap',
  'yum',
  'zypper',
]);
const onlyUpdates = ['only_upgrade', 'update_only', 'download_only'];

export const packageLatest: Rule = {
  id: 'package-latest',
  severity: 'warning',
  docs: 'state: latest installs something else each time. Use state: present, with a version where it matters.',
  scope: 'task',
  check: ({ moduleName = '', args }) => {
    const name = shortModuleName(moduleName).split('.').at(-1) ?? '';
    const state = args.values.get('state');
    if (!installsPackages.has(name) || state?.source !== 'latest') return [];
    if (onlyUpdates.some(key => args.values.has(key))) return [];
    return [{ offset: state.offset, message: 'Use state: present, with a version where it matters.' }];
  },
};
