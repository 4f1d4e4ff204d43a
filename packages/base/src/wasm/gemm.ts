import { valueType } from './bytes.ts';
import { FunctionBuilder, encodeModule } from './encoder.ts';

// Blocks of the product: a packed block of `a` (512 KiB) stays in the second-level cache, one panel of each operand
// (8 KiB) in the first; the blocks of b and c take 1 MiB each.
const M_BLOCK = 256;
const K_BLOCK = 256;
const N_BLOCK = 512;
const UNROLL = 4;
const A_AT = 0;
const B_AT = A_AT + M_BLOCK * K_BLOCK * 8;
const C_AT = B_AT + K_BLOCK * N_BLOCK * 8;
const PAGES = (C_AT + M_BLOCK * N_BLOCK * 8) / 65536;

/** Two matrices with the distances between their rows and columns: element (i, p) of `a` is `a[i · aRow + p · aColumn]`. */
export interface Operands {
  readonly a: Float64Array;
  readonly aRow: number;
  readonly aColumn: number;
  readonly b: Float64Array;
  readonly bRow: number;
  readonly bColumn: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Multiplies two strided matrices into a row-major one. */
export type Multiply = (operands: Operands, out: Float64Array, accumulate: boolean) => void;

/**
 * Loads the kernel. Its memory (2.5 MiB) is fixed: larger matrices go through it block by block.
 */
export function loadMultiply(
  compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
): Multiply {
  const module = compile(
    encodeModule({
      functions: [{ name: 'block', body: blockKernel() }],
      memory: { minimum: PAGES },
    }),
  );
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const block = exports['block'] as (
    aPanels: number,
    bPanels: number,
    depth: number,
    resume: number,
  ) => void;
  const view = new Float64Array(memory.buffer);
  return ({ a, aRow, aColumn, b, bRow, bColumn, m, k, n }, out, accumulate) => {
    for (let j = 0; j < n; j += N_BLOCK) {
      const columns = Math.min(N_BLOCK, n - j);
      const stride = (columns + 3) & ~3;
      for (let i = 0; i < m; i += M_BLOCK) {
        const rows = Math.min(M_BLOCK, m - i);
        if (accumulate) {
          for (let r = 0; r < rows; r++) {
            const from = (i + r) * n + j;
            const to = C_AT / 8 + r * stride;
            for (let c = 0; c < columns; c++) view[to + c] = out[from + c]!;
          }
        }
        for (let p = 0; p < k; p += K_BLOCK) {
          const depth = Math.min(K_BLOCK, k - p);
          pack(a, i * aRow + p * aColumn, aRow, aColumn, rows, depth, view, A_AT / 8);
          // One block of b is enough for all rows of c where it holds the whole of it.
          if (i === 0 || k > K_BLOCK)
            pack(b, j * bColumn + p * bRow, bColumn, bRow, columns, depth, view, B_AT / 8);
          block((rows + 3) >>> 2, stride >>> 2, depth, accumulate || p > 0 ? 1 : 0);
        }
        for (let r = 0; r < rows; r++) {
          const to = (i + r) * n + j;
          const from = C_AT / 8 + r * stride;
          for (let c = 0; c < columns; c++) out[to + c] = view[from + c]!;
        }
      }
    }
  };
}

/**
 * Copies a block into panels of four lines: element `d` of line `l` to `4 · depth · floor(l / 4) + 4 · d + l % 4`.
 * Missing lines of the last panel are left as they are: their results are never read.
 */
function pack(
  from: Float64Array,
  start: number,
  lineStep: number,
  step: number,
  lines: number,
  depth: number,
  to: Float64Array,
  at: number,
): void {
  let write = at;
  let read = start;
  let line = 0;
  for (; line + 4 <= lines; line += 4, read += 4 * lineStep) {
    let x = read;
    for (let d = 0; d < depth; d++, x += step, write += 4) {
      to[write] = from[x]!;
      to[write + 1] = from[x + lineStep]!;
      to[write + 2] = from[x + 2 * lineStep]!;
      to[write + 3] = from[x + 3 * lineStep]!;
    }
  }
  for (; line < lines; line++, read += lineStep, write++) {
    for (let d = 0; d < depth; d++) to[write + 4 * d] = from[read + d * step]!;
  }
}

/**
 * `block(aPanels, bPanels, depth, resume)`: c (+)= a · b on packed panels. Tiles of 4 × 4 sums in eight registers; per
 * step two loads of b and four of a, each of these doubled into both lanes.
 */
function blockKernel(): FunctionBuilder {
  const { i32, v128 } = valueType;
  const f = new FunctionBuilder([i32, i32, i32, i32]);
  const [aPanels, bPanels, depth, resume] = [0, 1, 2, 3] as const;
  const row = f.local(i32);
  const column = f.local(i32);
  const a = f.local(i32);
  const b = f.local(i32);
  const c = f.local(i32);
  const bPanel = f.local(i32);
  const cColumn = f.local(i32);
  const panelBytes = f.local(i32);
  const rowBytes = f.local(i32);
  const end = f.local(i32);
  const bulkEnd = f.local(i32);
  const sums = Array.from({ length: 8 }, () => f.local(v128));
  const b0 = f.local(v128);
  const b1 = f.local(v128);
  const x = f.local(v128);

  const step = (offset: number): void => {
    f.get(b)
      .load(offset)
      .set(b0)
      .get(b)
      .load(offset + 16)
      .set(b1);
    for (let r = 0; r < 4; r++) {
      f.get(a)
        .loadSplat(offset + 8 * r)
        .set(x);
      f.get(sums[2 * r]!)
        .get(x)
        .get(b0)
        .op('f64x2Mul')
        .op('f64x2Add')
        .set(sums[2 * r]!);
      f.get(sums[2 * r + 1]!)
        .get(x)
        .get(b1)
        .op('f64x2Mul')
        .op('f64x2Add')
        .set(sums[2 * r + 1]!);
    }
  };
  const advance = (local: number, bytes: number): FunctionBuilder =>
    f.get(local).i32(bytes).op('i32Add').set(local);
  /** Row `r` of the tile: c + r · rowBytes. */
  const tileRow = (r: number): FunctionBuilder => {
    f.get(c);
    if (r > 0) f.get(rowBytes).i32(r).op('i32Mul').op('i32Add');
    return f;
  };

  f.get(depth).i32(5).op('i32Shl').set(panelBytes);
  f.get(bPanels).i32(5).op('i32Shl').set(rowBytes);
  f.i32(B_AT).set(bPanel).i32(C_AT).set(cColumn).i32(0).set(column);
  f.loop();
  {
    f.i32(A_AT).set(a).get(cColumn).set(c).i32(0).set(row);
    f.loop();
    {
      f.get(bPanel).set(b);
      f.get(b).get(panelBytes).op('i32Add').set(end);
      f.get(b).get(depth).i32(-UNROLL).op('i32And').i32(5).op('i32Shl').op('i32Add').set(bulkEnd);
      f.get(resume).if();
      for (let r = 0; r < 4; r++) {
        tileRow(r)
          .load()
          .set(sums[2 * r]!);
        tileRow(r)
          .load(16)
          .set(sums[2 * r + 1]!);
      }
      f.op('else');
      for (const sum of sums) f.f64x2(0).set(sum);
      f.op('end');

      f.get(b).get(bulkEnd).op('i32Ne').if().loop();
      for (let u = 0; u < UNROLL; u++) step(32 * u);
      advance(a, 32 * UNROLL);
      advance(b, 32 * UNROLL);
      f.get(b).get(bulkEnd).op('i32Ne').brIf(0).op('end').op('end');

      f.get(b).get(end).op('i32Ne').if().loop();
      step(0);
      advance(a, 32);
      advance(b, 32);
      f.get(b).get(end).op('i32Ne').brIf(0).op('end').op('end');

      for (let r = 0; r < 4; r++) {
        tileRow(r)
          .get(sums[2 * r]!)
          .store();
        tileRow(r)
          .get(sums[2 * r + 1]!)
          .store(16);
      }
      f.get(c).get(rowBytes).i32(2).op('i32Shl').op('i32Add').set(c);
      f.get(row).i32(1).op('i32Add').tee(row).get(aPanels).op('i32Ne').brIf(0);
    }
    f.op('end');
    advance(cColumn, 32);
    f.get(bPanel).get(panelBytes).op('i32Add').set(bPanel);
    f.get(column).i32(1).op('i32Add').tee(column).get(bPanels).op('i32Ne').brIf(0);
  }
  f.op('end');
  return f;
}
