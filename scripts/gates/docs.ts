// Docs: every public name, and every public member of a public interface or class, says what it is.
import { join } from 'node:path';
import ts from 'typescript6';
import { listPackages, report, root, shown } from './workspace.ts';

const packages = listPackages().filter((p) => p.manifest.private !== true);
const entries = packages.map((p) => join(p.path, 'src', 'index.ts'));

const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) =>
  ts.sys.readFile(path),
);
const { options } = ts.convertCompilerOptionsFromJson(
  (config as { compilerOptions: unknown }).compilerOptions,
  root,
);
const program = ts.createProgram(entries, options);
const checker = program.getTypeChecker();

const faults: string[] = [];
const withoutExample: string[] = [];
const checked = new Set<ts.Declaration>();
let names = 0;

function at(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${shown(file.fileName)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

const isOurs = (node: ts.Node): boolean =>
  node.getSourceFile().fileName.startsWith(join(root, 'packages')) &&
  !node.getSourceFile().fileName.includes('node_modules');

/** The whole doc comment of a symbol, tags included. */
function commentOf(symbol: ts.Symbol): string {
  return (symbol.declarations ?? [])
    .flatMap((declaration) => ts.getJSDocCommentsAndTags(declaration))
    .map((doc) => doc.getText())
    .join('\n');
}

/** Words that say something: tags, code blocks and punctuation left out. Inherited comments count. */
function wordsOf(symbol: ts.Symbol): number {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return (text.match(/[\p{L}\p{N}]+/gu) ?? []).length;
}

/** The function-like node behind a name: a declaration, or a constant that holds an arrow function. */
function signatureOf(declaration: ts.Declaration): ts.SignatureDeclaration | undefined {
  if (ts.isFunctionDeclaration(declaration)) return declaration;
  if (ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined) {
    const value = declaration.initializer;
    if (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) return value;
  }
  return undefined;
}

function mentionsArray(signature: ts.SignatureDeclaration): boolean {
  const types = [...signature.parameters.map((p) => p.type), signature.type];
  return types.some((type) => type !== undefined && /\bFloat64Array\b/.test(type.getText()));
}

/** A discriminant such as `type: 'gate'` explains itself. */
function isDiscriminant(member: ts.Declaration): boolean {
  if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) return false;
  return member.type !== undefined && ts.isLiteralTypeNode(member.type);
}

function isHidden(member: ts.Declaration): boolean {
  const name = ts.getNameOfDeclaration(member);
  if (name !== undefined && ts.isPrivateIdentifier(name)) return true;
  if (name !== undefined && ts.isComputedPropertyName(name)) return true;
  const flags = ts.getCombinedModifierFlags(member);
  return (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
}

function checkMembers(owner: string, declaration: ts.Declaration): void {
  const holder =
    ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration)
      ? declaration
      : ts.isTypeAliasDeclaration(declaration) && ts.isTypeLiteralNode(declaration.type)
        ? declaration.type
        : undefined;
  for (const member of holder?.members ?? []) {
    if (ts.isConstructorDeclaration(member) || ts.isSemicolonClassElement(member)) continue;
    if (ts.isIndexSignatureDeclaration(member) || ts.isClassStaticBlockDeclaration(member))
      continue;
    if (isHidden(member) || isDiscriminant(member)) continue;
    const name = ts.getNameOfDeclaration(member);
    const symbol = name === undefined ? undefined : checker.getSymbolAtLocation(name);
    if (symbol !== undefined && wordsOf(symbol) === 0) {
      faults.push(`${at(member)}: ${owner}.${symbol.name} has no doc comment`);
    }
  }
}

function checkName(name: string, symbol: ts.Symbol): void {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declarations = (target.declarations ?? []).filter(isOurs);
  const [first] = declarations;
  if (first === undefined || checked.has(first)) return;
  checked.add(first);
  names++;
  if (ts.isSourceFile(first)) {
    for (const inner of checker.getExportsOfModule(target))
      checkName(`${name}.${inner.name}`, inner);
    return;
  }
  const words = wordsOf(target);
  const comment = commentOf(target);
  if (words === 0) faults.push(`${at(first)}: ${name} has no doc comment`);
  for (const declaration of declarations) {
    checkMembers(name, declaration);
    const signature = signatureOf(declaration);
    if (signature === undefined) continue;
    if (words > 0 && words < 3)
      faults.push(`${at(first)}: ${name} is a function and needs a sentence`);
    if (words > 0 && mentionsArray(signature) && !comment.includes('[')) {
      faults.push(
        `${at(first)}: ${name} takes or returns a Float64Array and names no shape, such as [batch, n]`,
      );
    }
  }
  const runs = declarations.some((d) => signatureOf(d) !== undefined || ts.isClassDeclaration(d));
  if (runs && !comment.includes('@example')) withoutExample.push(name);
}

for (const entry of entries) {
  const source = program.getSourceFile(entry);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) continue;
  for (const symbol of checker.getExportsOfModule(module)) checkName(symbol.name, symbol);
}

if (withoutExample.length > 0) {
  const some = withoutExample.slice(0, 12).join(', ');
  const more = withoutExample.length > 12 ? ' …' : '';
  console.log(
    `warning: ${withoutExample.length} functions and classes have no @example: ${some}${more}`,
  );
}
report([...new Set(faults)], `${names} public names`);
