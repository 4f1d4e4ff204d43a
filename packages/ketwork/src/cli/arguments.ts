import { hint } from '@ketwork/base';
import { parseArgs } from 'node:util';
import { UsageError } from './usage.ts';

/** Options a command takes, as `parseArgs` of Node wants them. */
export type OptionTable = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }>
>;

/** What was found on a command line. */
export interface Arguments {
  /** Names of files, `-` being the standard input. */
  readonly files: readonly string[];
  /** The value of an option, undefined where it was not given. */
  text(name: string): string | undefined;
  /** Whether a switch was given. */
  on(name: string): boolean;
  /** An option that is an integer within bounds, undefined where it was not given. @throws UsageError */
  integer(name: string, least: number, greatest: number): number | undefined;
}

/** Options of every command. */
const common: OptionTable = {
  help: { type: 'boolean', short: 'h' },
  debug: { type: 'boolean' },
};

/** Reads the arguments behind a command's name. @throws UsageError for unknown options and missing values. */
export function readArguments(args: readonly string[], own: OptionTable): Arguments {
  const options = { ...own, ...common };
  // A loose first pass finds unknown names, for which Node has no hint.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue;
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`unknown option ${token.rawName}${hint(token.rawName, known)}`);
  }
  const { values, positionals } = strictly(args, options);
  return {
    files: positionals,
    text(name) {
      const value = values[name];
      return typeof value === 'string' ? value : undefined;
    },
    on: (name) => values[name] === true,
    integer(name, least, greatest) {
      const value = values[name];
      if (typeof value !== 'string') return undefined;
      const number = Number(value);
      if (!/^\d+$/.test(value) || number < least || number > greatest) {
        throw new UsageError(
          `--${name} is '${value}' and must be an integer from ${least} to ${greatest}`,
        );
      }
      return number;
    },
  };
}

function strictly(
  args: readonly string[],
  options: OptionTable,
): { values: Readonly<Record<string, unknown>>; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UsageError(cause.message.replace(/\.$/, ''), { cause });
  }
}

/** The one circuit file a command works on. @throws UsageError */
export function oneFile({ files }: Arguments): string {
  const [file] = files;
  if (file === undefined)
    throw new UsageError('no circuit file is named; - reads the standard input');
  if (files.length > 1)
    throw new UsageError(`one circuit file is wanted, but there are ${files.length}`);
  return file;
}
