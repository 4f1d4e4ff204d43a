import { matmul } from '@ketwork/base';

/** Sizes of the products `aᵀ · b` of examples. */
export interface ProductSizes {
  readonly batch: number;
  /** Rows of both, which are summed over. */
  readonly rows: number;
  /** Columns of `a`. */
  readonly m: number;
  /** Columns of `b`. */
  readonly n: number;
  /** Whether both are stored by columns, `[m, rows]` and `[n, rows]`, rather than by rows. */
  readonly transposed: boolean;
}

/** Share of the terms that must be left of their sum for its digits to be trusted. */
const LEFT = 1e-3;

/**
 * The squared norm of `aᵀ · b` for each example: a gradient of weights that multiply `a` where `b` is the cotangent. One
 * row: the product of the squares (Goodfellow, arXiv:1510.01799). Few rows: `Σ (a·aᵀ) ∘ (b·bᵀ)` (Li et al.,
 * arXiv:2110.05679, sec. 4), unless its terms cancel. Else the product itself, one example at a time.
 */
export function squaredProducts(
  a: (example: number) => Float64Array,
  b: (example: number) => Float64Array,
  { batch, rows, m, n, transposed }: ProductSizes,
): Float64Array {
  const squares = new Float64Array(batch);
  const gram = (rows + 1) * (m + n) < 2 * m * n;
  const left = new Float64Array(gram && rows > 1 ? rows * rows : 0);
  const right = new Float64Array(left.length);
  let product: Float64Array | undefined;
  for (let e = 0; e < batch; e++) {
    const [x, y] = [a(e), b(e)];
    if (rows === 1) {
      squares[e] = squareOf(x) * squareOf(y);
      continue;
    }
    if (gram) {
      gramOf(x, rows, m, transposed, left);
      gramOf(y, rows, n, transposed, right);
      let [sum, size] = [0, 0];
      for (let i = 0; i < left.length; i++) {
        const term = left[i]! * right[i]!;
        sum += term;
        size += Math.abs(term);
      }
      if (sum > LEFT * size || size === 0) {
        squares[e] = sum;
        continue;
      }
    }
    product ??= new Float64Array(m * n);
    matmul(x, y, m, rows, n, { transposeA: !transposed, transposeB: transposed, out: product });
    squares[e] = squareOf(product);
  }
  return squares;
}

/** Products of all rows with each other. */
function gramOf(
  a: Float64Array,
  rows: number,
  columns: number,
  transposed: boolean,
  out: Float64Array,
): void {
  matmul(a, a, rows, columns, rows, { transposeA: transposed, transposeB: !transposed, out });
}

function squareOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}
