import type { Rule } from './rule.ts';
import { bareInclude } from './rules/bareInclude.ts';
import { changedWhen } from './rules/changedWhen.ts';
import { commandInsteadOfModule } from './rules/commandInsteadOfModule.ts';
import { commandInsteadOfShell } from './rules/commandInsteadOfShell.ts';
import { duplicateKeys } from './rules/duplicateKeys.ts';
import { filePermissions } from './rules/filePermissions.ts';
import { freeForm } from './rules/freeForm.ts';
import { fullNames } from './rules/fullNames.ts';
import { ignoreErrors } from './rules/ignoreErrors.ts';
import { jinjaSpacing } from './rules/jinjaSpacing.ts';
import { jinjaWhen } from './rules/jinjaWhen.ts';
import { lineLength } from './rules/lineLength.ts';
import { literalCompare } from './rules/literalCompare.ts';
import { nameCasing } from './rules/nameCasing.ts';
import { newLineAtEnd } from './rules/newLineAtEnd.ts';
import { noModule } from './rules/noModule.ts';
import { octalMode } from './rules/octalMode.ts';
import { packageLatest } from './rules/packageLatest.ts';
import { partialBecome, partialBecomeOfPlay } from './rules/partialBecome.ts';
import { playName } from './rules/playName.ts';
import { severalModules } from './rules/severalModules.ts';
import { structure } from './rules/structure.ts';
import { tabs } from './rules/tabs.ts';
import { taskName } from './rules/taskName.ts';
import { trailingSpaces } from './rules/trailingSpaces.ts';
import { truthy } from './rules/truthy.ts';
import { unknownHandler } from './rules/unknownHandler.ts';
import { unknownKeyword } from './rules/unknownKeyword.ts';
import { variableNames } from './rules/variableNames.ts';
import { yamlSyntax } from './rules/yamlSyntax.ts';

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
