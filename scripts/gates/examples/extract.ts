/** A ```ts block of a page or of a doc comment. */
export interface Block {
  /** The file it stands in, relative to the workspace. */
  readonly page: string;
  /** Line of its first line of code, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** False where the block is marked `ts no-run`. */
  readonly runs: boolean;
  /** What `console.log(…); // text` lines say they print. */
  readonly expectations: readonly { readonly line: number; readonly text: string }[];
}

/** The lines of a page that may hold blocks: all of a Markdown page, the doc comments of a source file. */
function documentLines(page: string, text: string): (string | undefined)[] {
  const lines = text.split('\n');
  if (page.endsWith('.md')) return lines;
  let inside = false;
  return lines.map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true;
    const content = inside ? line.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, '') : undefined;
    if (line.includes('*/')) inside = false;
    return content;
  });
}

/** All blocks of a file. */
export function extractBlocks(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  const lines = documentLines(page, text);
  for (let i = 0; i < lines.length; i++) {
    const fence = /^\s*```(ts|typescript)(\s.*)?$/.exec(lines[i] ?? '');
    if (fence === null) continue;
    const code: string[] = [];
    const first = i + 1;
    for (i = first; i < lines.length && !/^\s*```\s*$/.test(lines[i] ?? '```'); i++)
      code.push(lines[i] ?? '');
    blocks.push({
      page,
      line: first + 1,
      code: code.join('\n'),
      runs: !/\bno-run\b/.test(fence[2] ?? ''),
      expectations: code.flatMap((line, offset) => {
        const match = /^\s*(?:.*[\s)])?console\.log\(.*\);?\s*\/\/\s*(\S.*)$/.exec(line);
        return match?.[1] === undefined
          ? []
          : [{ line: first + 1 + offset, text: match[1].trim() }];
      }),
    });
  }
  return blocks;
}
