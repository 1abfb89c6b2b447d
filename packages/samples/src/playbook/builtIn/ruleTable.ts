import type { Rule } from './rule.ts';
import { changedWhen, commandInsteadOfModule, commandInsteadOfShell } from './rules/commands.ts';
import { jinjaSpacing, jinjaWhen, literalCompare } from './rules/jinja.ts';
import {
  bareInclude,
  filePermissions,
  freeForm,
  fullNames,
  octalMode,
  packageLatest,
} from './rules/modules.ts';
import { nameCasing, playName, taskName, unknownHandler, variableNames } from './rules/names.ts';
import {
  ignoreErrors,
  noModule,
  partialBecome,
  partialBecomeOfPlay,
  severalModules,
  structure,
  unknownKeyword,
} from './rules/structure.ts';
import {
  duplicateKeys,
  lineLength,
  newLineAtEnd,
  tabs,
  trailingSpaces,
  truthy,
  yamlSyntax,
} from './rules/yaml.ts';

/** Every built-in check. */
export const ruleTable: readonly Rule[] = [
  yamlSyntax,
  duplicateKeys,
  trailingSpaces,
  tabs,
  lineLength,
  newLineAtEnd,
  truthy,
  jinjaSpacing,
  structure,
  unknownKeyword,
  playName,
  unknownHandler,
  partialBecome,
  partialBecomeOfPlay,
  taskName,
  nameCasing,
  noModule,
  severalModules,
  fullNames,
  changedWhen,
  bareInclude,
  ignoreErrors,
  filePermissions,
  octalMode,
  packageLatest,
  jinjaWhen,
  literalCompare,
  commandInsteadOfModule,
  commandInsteadOfShell,
  freeForm,
  variableNames,
];
