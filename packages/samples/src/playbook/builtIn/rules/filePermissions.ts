import { shortModuleName } from '../moduleNames.ts';
import type { ModuleArgs } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

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
