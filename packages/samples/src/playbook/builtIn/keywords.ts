const shared = [
  'any_errors_fatal',
  'become',
  'become_exe',
  'become_flags',
  'become_method',
  'become_user',
  'check_mode',
  'collections',
  'connection',
  'debugger',
  'diff',
  'environment',
  'ignore_errors',
  'ignore_unreachable',
  'module_defaults',
  'name',
  'no_log',
  'port',
  'remote_user',
  'run_once',
  'tags',
  'throttle',
  'timeout',
  'vars',
];

/** What may stand in a play. */
export const playKeywords: ReadonlySet<string> = new Set([
  ...shared,
  'fact_path',
  'force_handlers',
  'gather_facts',
  'gather_subset',
  'gather_timeout',
  'handlers',
  'hosts',
  'max_fail_percentage',
  'order',
  'post_tasks',
  'pre_tasks',
  'roles',
  'serial',
  'strategy',
  'tasks',
  'user',
  'validate_argspec',
  'vars_files',
  'vars_prompt',
]);

/** What may stand beside `import_playbook`. */
export const importKeywords: ReadonlySet<string> = new Set(['name', 'tags', 'vars', 'when']);

/** What may stand in a task or handler beside its module. `action` and `local_action` stand for a module. */
export const taskKeywords: ReadonlySet<string> = new Set([
  ...shared,
  'args',
  'async',
  'changed_when',
  'delay',
  'delegate_facts',
  'delegate_to',
  'failed_when',
  'listen',
  'loop',
  'loop_control',
  'notify',
  'poll',
  'register',
  'retries',
  'until',
  'when',
]);

/** The lists of tasks in a play. */
export const taskSections = ['pre_tasks', 'tasks', 'post_tasks', 'handlers'] as const;
export type TaskSection = (typeof taskSections)[number];

/** The lists of tasks in a block. */
export const blockSections = ['block', 'rescue', 'always'] as const;
