import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

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
