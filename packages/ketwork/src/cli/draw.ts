import { draw as drawText, drawQuantikz, drawSvg } from '@ketwork/circuit';
import { oneFile, readArguments } from './arguments.ts';
import type { OptionTable } from './arguments.ts';
import { readCircuit, writeText } from './files.ts';
import { UsageError } from './usage.ts';

const options: OptionTable = {
  svg: { type: 'boolean' },
  latex: { type: 'boolean' },
  width: { type: 'string' },
  out: { type: 'string' },
};

/** Help of `ketwork draw`. */
export const drawHelp: string = `Usage: ketwork draw <circuit> [options]

Draws a circuit (JSON, or OpenQASM where the name ends in .qasm) as text, SVG or LaTeX; - reads the standard input.

Options:
  --svg        an SVG instead of text
  --latex      LaTeX for the quantikz package instead of text
  --width N    fold drawings wider than N characters (SVG: pixels, LaTeX: columns); 0 never folds; default the terminal, else 100 (SVG: 960, LaTeX: never)
  --out FILE   write to a file instead of the standard output
  --debug      show where an error was thrown
  --help       show this text
`;

/** Draws a circuit from a file. @returns the text to print, nothing where it went to a file. */
export async function draw(args: readonly string[]): Promise<string> {
  const given = readArguments(args, options);
  const file = oneFile(given);
  const svg = given.on('svg');
  const latex = given.on('latex');
  if (svg && latex) throw new UsageError('--svg and --latex exclude each other');
  const out = given.text('out');
  const terminal = out === undefined && process.stdout.isTTY ? process.stdout.columns : undefined;
  const width = given.integer('width', 0, 1e9) ?? (svg || latex ? undefined : terminal);
  const folded = width === undefined ? {} : { width };
  const circuit = await readCircuit(file);
  const columns = width === undefined || width === 0 ? {} : { columns: width };
  const text = (): string => (svg ? drawSvg(circuit, folded) : drawText(circuit, folded));
  const drawing = `${latex ? drawQuantikz(circuit, columns) : text()}\n`;
  if (out === undefined) return drawing;
  await writeText(out, drawing);
  return '';
}
