import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
// TypeScript 7 has no interface for programs yet; declarations read the same in 5.9.
import ts from 'typescript-api';
import { publishable, readManifest, root } from './publishable.ts';

/** A public name: what an entry exports, or a part of it, such as `StartOptions.delayMs`. */
export type PublicName = {
  /** The package's entry as users import it. */
  readonly entry: string;
  readonly name: string;
  /** Where it is declared: path and line. */
  readonly at: string;
  readonly documented: boolean;
  /** The text of its `@example` tags, without a language fence. */
  readonly examples: readonly string[];
};

/**
 * Every public name of every package that is published, with the properties of its options, and its doc comment. What a
 * package hands on from another package of ours is read where it is declared; what it hands on from a library is left out.
 *
 * Reads the sources alone, without the libraries and without checking types: that takes a second or two.
 */
export async function publicNames(): Promise<PublicName[]> {
  const entries = await publicEntries();
  const program = ts.createProgram({
    rootNames: [...new Set(entries.values())],
    options: {
      noLib: true,
      types: [],
      module: ts.ModuleKind.NodeNext,
      allowImportingTsExtensions: true,
      noEmit: true,
    },
    host: hostOf(entries),
  });
  const checker = program.getTypeChecker();
  const names: PublicName[] = [];
  for (const [entry, file] of entries) {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${entry}: ${file} exports nothing that can be read.`);
    for (const exported of checker.getExportsOfModule(module)) {
      const declared = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      names.push(...namesOf(entry, exported.name, declared, checker));
    }
  }
  return names;
}

/** What the packages publish, each entry with its source. */
async function publicEntries(): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for (const folder of publishable) {
    const { name, exports, publishConfig } = await readManifest(folder);
    for (const [path, target] of Object.entries(publishConfig.exports ?? exports)) {
      const types = typeof target === 'string' ? target : target.types;
      const source = types.replace(/^\.\/dist\/(.*)\.d\.ts$/, './src/$1.ts');
      entries.set(path === '.' ? name : `${name}/${path.slice(2)}`, join(root, folder, source));
    }
  }
  return entries;
}

/** Follows imports within the packages alone. */
function hostOf(entries: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost({}, true);
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const file = text.startsWith('.') ? join(dirname(from), text) : entries.get(text);
      if (file === undefined || !existsSync(file)) return { resolvedModule: undefined };
      return { resolvedModule: { resolvedFileName: file, extension: ts.Extension.Ts } };
    });
  return host;
}

function* namesOf(
  entry: string,
  name: string,
  symbol: ts.Symbol,
  checker: ts.TypeChecker,
): Generator<PublicName> {
  const declarations = symbol.declarations ?? [];
  const first = declarations[0];
  // Of a library, which documents it.
  if (!first) return;
  yield publicName(entry, name, first, symbol, checker);
  for (const declaration of declarations) {
    for (const member of membersOf(declaration)) {
      const own = member.name && checker.getSymbolAtLocation(member.name);
      if (!own || !member.name) continue;
      yield publicName(entry, `${name}.${member.name.getText()}`, member, own, checker);
    }
  }
}

function publicName(
  entry: string,
  name: string,
  declaration: ts.Node,
  symbol: ts.Symbol,
  checker: ts.TypeChecker,
): PublicName {
  const examples = symbol
    .getJsDocTags(checker)
    .filter(tag => tag.name === 'example')
    .map(tag => ts.displayPartsToString(tag.text).replace(/^```ts\n|\n?```$/g, ''));
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return { entry, name, at: placeOf(declaration), documented: text.trim() !== '', examples };
}

/** What a declaration has below its name: members of a class or an interface, fields of an object type. */
function* membersOf(node: ts.Node): Generator<ts.NamedDeclaration> {
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) {
    for (const member of node.members) {
      // An error's name and code are said by its class; a computed name is one of a library or of the language.
      if (!member.name || ts.isComputedPropertyName(member.name) || isHidden(member)) continue;
      if (ts.isClassDeclaration(node) && isError(node) && /^(name|code)$/.test(member.name.getText()))
        continue;
      yield member;
    }
  } else if (ts.isTypeAliasDeclaration(node)) yield* membersOf(node.type);
  else if (ts.isIntersectionTypeNode(node)) for (const part of node.types) yield* membersOf(part);
  else if (ts.isTypeReferenceNode(node) && node.typeName.getText() === 'z.input') {
    const [of] = node.typeArguments ?? [];
    if (of && ts.isTypeQueryNode(of)) yield* fieldsOf(of.exprName);
  }
}

/** The fields of what a caller writes, as its zod schema names them: `z.input<typeof schema>`. */
function* fieldsOf(node: ts.Node): Generator<ts.NamedDeclaration> {
  if (ts.isObjectLiteralExpression(node)) {
    for (const property of node.properties) {
      if (ts.isSpreadAssignment(property)) yield* fieldsOf(property.expression);
      else yield property;
    }
  } else if (ts.isCallExpression(node)) {
    const method = ts.isPropertyAccessExpression(node.expression) ? node.expression : undefined;
    // What these take are names of fields, and the fields of the schema before them are described there.
    if (method && /^(pick|omit|partial)$/.test(method.name.text)) return;
    if (method) yield* fieldsOf(method.expression);
    for (const argument of node.arguments) yield* fieldsOf(argument);
  } else if (ts.isIdentifier(node)) {
    for (const statement of node.getSourceFile().statements)
      if (ts.isVariableStatement(statement))
        for (const { name, initializer } of statement.declarationList.declarations)
          if (name.getText() === node.text && initializer) yield* fieldsOf(initializer);
  }
}

function isError(node: ts.ClassDeclaration): boolean {
  return (node.heritageClauses ?? []).some(({ types }) =>
    types.some(type => /Error$/.test(type.expression.getText())),
  );
}

function isHidden(member: ts.Declaration): boolean {
  const name = ts.getNameOfDeclaration(member);
  if (name && ts.isPrivateIdentifier(name)) return true;
  return (
    (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0
  );
}

function placeOf(node: ts.Node): string {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
  return `${source.fileName.slice(root.length + 1)}:${line + 1}`;
}
