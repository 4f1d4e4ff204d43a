/** Matrices of steps in shaders: their products with states, and the sums that their gradients are made of. */

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Where a matrix on k qubits finds what it is: expressions of the shader. */
export interface MatrixSource {
  /** Bit of its j-th qubit, ascending. */
  readonly bit: (j: number) => string;
  /** Bit of the control that is called j. */
  readonly control: string;
  /** Entry of column c of the row at `m`, or of a row where rows are written out. */
  readonly entry: (c: number, row?: number) => string;
  /** Sign of imaginary parts, where matrices may be undone. */
  readonly sign: string;
  /** What comes before the entries of each row. */
  readonly row?: string;
  /** Whether the thread has cosets, where threads without go along. */
  readonly mine?: string;
  /** First amplitude of the coset called c, where that is not told by its number and controls. */
  readonly coset?: (c: string) => string;
}

/**
 * A matrix on k qubits, in place, from the coset `first` on: cosets are sets of 2^k amplitudes that it mixes. A thread takes several
 * at a time, so that an entry is read once for all of them, and keeps their amplitudes in registers, so that rows can be a loop. Lanes that have no coset do what the last one does once more.
 *
 * Expects `first`, `lanes`, `cosets`, `rows`, and without `coset` also `controls` and `value`, and sets `i0`; then `m` and `down`, from `begin`.
 *
 * @param most cosets that a thread takes at a time
 * @param written whether rows are written out, which takes drivers longer to compile
 */
function matrix(
  k: number,
  most: number,
  source: MatrixSource,
  begin: string,
  written = false,
): string {
  const d = 2 ** k;
  const list = range(k);
  const lanes = range(most);
  const index = (r: number, l: number): string =>
    [`i${l}`, ...list.filter((j) => ((r >> j) & 1) === 1).map((j) => `b${j}`)].join(' | ');
  const lines = (write: (l: number) => string): string => lanes.map(write).join('\n');
  const opened = lines((l) => `  i${l} = ((i${l} & ~low) << 1u) | (i${l} & low);`);
  const row = (r: number | undefined): string => {
    const to = (l: number): string => (r === undefined ? `i${l} | to` : index(r, l));
    // Written out: drivers that do not optimise much keep sums in registers then.
    const sum = (write: (c: number) => string): string => range(d).map(write).join(' + ');
    const product = (l: number): string =>
      `vec2f((${sum((c) => `v${c}.x * a${c}_${l}.x`)}) - (${sum((c) => `w${c} * a${c}_${l}.y`)}), ` +
      `(${sum((c) => `v${c}.x * a${c}_${l}.y`)}) + (${sum((c) => `w${c} * a${c}_${l}.x`)}))`;
    const { row: before = '', mine } = source;
    return `{
${before}
${range(d)
  .map((c) => `  let v${c} = ${source.entry(c, r)}; let w${c} = ${source.sign}v${c}.y;`)
  .join('\n')}
${lines((l) => `  let s${l} = ${product(l)};`)}
${mine === undefined ? '' : `if (${mine}) {`}
${lines((l) => `  amp[${to(l)}] = s${l};`)}
${mine === undefined ? '' : '}'}
}`;
  };
  const inTurn = `
${begin}
for (var r = 0u; r < rows; r++) {
  let to = ${list.map((j) => `select(0u, b${j}, (r & ${2 ** j}u) != 0u)`).join(' | ')};
${row(undefined)}
  m += down;
}`;
  const number = (l: number): string => `min(first + min(${l}u, lanes - 1u), cosets - 1u)`;
  const { coset } = source;
  const found =
    coset === undefined
      ? `${lines((l) => `var i${l} = ${number(l)};`)}
for (var j = 0u; j < controls; j++) {
  let low = ${source.control} - 1u;
${opened}
}
${list.map((j) => `{\n  let low = b${j} - 1u;\n${opened}\n}`).join('\n')}
${lines((l) => `i${l} |= value;`)}`
      : lines((l) => `let c${l} = ${number(l)}; let i${l} = ${coset(`c${l}`)};`);
  return `
${list.map((j) => `let b${j} = ${source.bit(j)};`).join('\n')}
${found}
${lines((l) =>
  range(d)
    .map((r) => `let a${r}_${l} = amp[${index(r, l)}];`)
    .join('\n'),
)}
${written ? range(d).map(row).join('\n') : inTurn}`;
}

/** A matrix whose numbers are among the data, or (undone) its conjugate transpose. */
export const fromData = (
  k: number,
  most: number,
  source: Pick<MatrixSource, 'bit' | 'control'>,
): string =>
  matrix(
    k,
    most,
    { ...source, entry: (c) => `data[m + ${c}u * across]`, sign: 'sign * ' },
    `let down = select(${2 ** k}u, 1u, undo);
let across = select(1u, ${2 ** k}u, undo);
let sign = select(1.0, -1.0, undo);
var m = offset;
// A division, where examples have matrices of their own.
if (step != 0u) { m += step * exampleOf(i0); }`,
  );

/** A row of so many items that the threads of a subgroup read together: each some of them, which it tells to the others. */
interface Told {
  /** What reads them. */
  readonly row: string;
  /** An item, told by the thread that has read it. */
  readonly item: (n: number) => string;
}

/**
 * @param threads of a subgroup, whose numbers are `lane`
 * @param read the item of that number
 * @param made what is told of an item that was read
 */
function told(
  items: number,
  threads: number,
  read: (at: string) => string,
  made: (read: string) => string = (all) => all,
): Told {
  const reads = range(Math.ceil(items / threads));
  const place = (j: number): string =>
    threads > items ? `min(lane, ${items - 1}u)` : `(lane + ${j * threads}u)`;
  return {
    row: reads
      .map((j) => `let u${j} = ${read(place(j))}; let e${j} = ${made(`u${j}`)};`)
      .join('\n'),
    item: (n) => `subgroupBroadcast(e${Math.floor(n / threads)}, ${n % threads}u)`,
  };
}

/**
 * A matrix among the data that all examples share, where the threads of a workgroup are one subgroup, of `threads`: each reads some
 * entries of a row, and tells them to the others. Expects `lane` and `mine` besides.
 */
export function fromOthers(
  k: number,
  most: number,
  threads: number,
  source: Pick<MatrixSource, 'bit' | 'control'>,
): string {
  const d = 2 ** k;
  const { row, item } = told(
    d,
    threads,
    (at) => `data[m + ${at} * across]`,
    (u) => `vec2f(${u}.x, sign * ${u}.y)`,
  );
  return matrix(
    k,
    most,
    { ...source, entry: item, sign: '', row, mine: 'mine' },
    `let down = select(${d}u, 1u, undo);
let across = select(1u, ${d}u, undo);
let sign = select(1.0, -1.0, undo);
var m = offset;`,
  );
}

/** The first or the second half of a vector, which has two entries. */
const half = (c: number): string => ((c & 1) === 0 ? 'xy' : 'zw');

/**
 * A matrix among the uniforms of a pass, `call.entries`, from `begin` on, two entries to a vector.
 *
 * @param subgroup how many threads tell each other what they read; undefined where each reads all. Expects `lane` and `mine` then.
 * @param written whether rows are written out: then the matrix is the first one
 */
export function fromCall(
  k: number,
  most: number,
  source: Pick<MatrixSource, 'bit' | 'control' | 'coset'>,
  subgroup: number | undefined,
  written = false,
  begin = '0u',
): string {
  const vectors = 2 ** k / 2;
  const rows = `var m = ${begin}; let down = ${vectors}u;`;
  if (subgroup === undefined) {
    const entry = (c: number, r?: number): string =>
      r === undefined
        ? `call.entries[m + ${c >> 1}u].${half(c)}`
        : `call.entries[${r * vectors + (c >> 1)}].${half(c)}`;
    return matrix(k, most, { ...source, entry, sign: '' }, rows, written);
  }
  const { row, item } = told(vectors, subgroup, (at) => `call.entries[m + ${at}]`);
  const entry = (c: number): string => `${item(c >> 1)}.${half(c)}`;
  return matrix(k, most, { ...source, entry, sign: '', row, mine: 'mine' }, rows);
}

/**
 * R = Σ ψ λ† on the qubits of a matrix. A thread makes some rows of it, so that what it reads of λ serves all columns at once.
 *
 * @param rows of R that a thread makes
 */
export function outer(k: number, rows: number, threads: number): string {
  const d = 2 ** k;
  // Then no two threads share a row.
  const alone = d / rows >= threads;
  const list = range(k);
  const places = (r: string): string =>
    list.map((j) => `select(0u, b${j}, (${r} & ${2 ** j}u) != 0u)`).join(' | ');
  const bits = (c: number): string =>
    ['here', ...list.filter((j) => ((c >> j) & 1) === 1).map((j) => `b${j}`)].join(' | ');
  const lines = (write: (r: number) => string): string => range(rows).map(write).join('\n');
  const total = (r: number, c: number): string =>
    alone ? `s${r}_${c}` : `joined(t, own.slice, slices, s${r}_${c})`;
  const cells = range(rows).flatMap((r) => range(d).map((c) => [r, c] as const));
  return `
fn outer${k}(t: u32, examples: u32, pc: u32, lambda: u32, part: Part) {
  let mask = code[pc + 2u]; let value = code[pc + 3u];
${list.map((j) => `  let b${j} = code[pc + ${7 + j}u];`).join('\n')}
  let items = examples * ${d / rows}u;
  let slices = ${alone ? '1u' : `slicesOf(${d / rows}u)`};
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, slices);
    let e = own.item / ${d / rows}u;
    let row = (own.item % ${d / rows}u) * ${rows}u;
${cells.map(([r, c]) => `    var s${r}_${c} = vec2f();`).join('\n')}
    if (own.item < items) {
${lines((r) => `      let p${r} = ${places(`(row + ${r}u)`)};`)}
      for (var c = part.low + own.slice; c < part.high; c += slices) {
        var i = c;
${list.map((j) => `        i = ((i & ~(b${j} - 1u)) << 1u) | (i & (b${j} - 1u));`).join('\n')}
        if ((i & mask) != value) { continue; }
        let here = part.base + ((e << N) | i);
${lines((r) => `        let x${r} = amp[here | p${r}]; let y${r} = vec2f(x${r}.y, -x${r}.x);`)}
${range(d)
  .map(
    (c) => `        {
          let v = amp[lambda + (${bits(c)})];
${lines((r) => `          s${r}_${c} += v.x * x${r} + v.y * y${r};`)}
        }`,
  )
  .join('\n')}
      }
    }
    let to = (part.first + e) * info.record + code[pc + 6u] + 2u * ((part.chunk << ${2 * k}u) + row * ${d}u);
    let mine = own.slice == 0u && own.item < items;
${cells
  .map(
    ([r, c]) =>
      `    { let all = ${total(r, c)}; if (mine) { addCell(to + ${2 * (r * d + c)}u, all); } }`,
  )
  .join('\n')}
  }
}`;
}
