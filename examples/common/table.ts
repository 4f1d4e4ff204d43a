/** Rows as a text table with aligned columns; columns of numbers are set to the right. */
export function textTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map((name, c) =>
    Math.max(name.length, ...rows.map((row) => row[c]!.length)),
  );
  const right = columns.map(
    (_, c) => rows.length > 0 && rows.every((row) => /^[-+]?[\d.]/.test(row[c]!) || row[c] === '–'),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => (right[c] === true ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd();
  return [
    line(columns),
    widths.map((width) => '─'.repeat(width)).join('──'),
    ...rows.map(line),
  ].join('\n');
}
