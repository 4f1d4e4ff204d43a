import { elementary, matmul, ValueError } from '@ketwork/base';
import type { Rule, Tensor } from '@ketwork/nn';
import { hermitianEigen } from '@ketwork/simulator';
import { addPauliTraces, pauliBasis, pauliMatrix } from './pauli-basis.ts';
import { LARGEST } from './spectra.ts';

/** Eigenvalues and eigenvectors (rows) of one exponent, parts apart. */
interface Eigen {
  readonly values: Float64Array;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * exp(i Σ θ_k P_k) over all Pauli strings but the identity, any special unitary: `[count, 4^n - 1]` to
 * `[count, 2^n, 2^n, 2]`. Shared angles are exponentiated once for the batch; the gradient goes through the divided
 * differences of the exponential (Daleckii and Krein, 1965) in the basis of eigenvectors, so that degenerate eigenvalues
 * need no care.
 *
 * @param kind Name of the layer in messages.
 * @throws ValueError, when the tape runs, where angles are not finite or so large that squares overflow.
 */
export function pauliExponential(kind: string, theta: Tensor, qubits: number): Tensor {
  const basis = pauliBasis(qubits);
  const { dimension: d, strings } = basis;
  const count = theta.shape[0]!;
  const size = 2 * d * d;
  let spectra: Eigen[] = [];
  const rule: Rule = {
    name: 'pauliExponential',
    forward([angles], batch) {
      const out = new Float64Array(batch * count * size);
      spectra = [];
      for (let m = 0; m < batch * count; m++) {
        const matrix = pauliMatrix(basis, angles!, m * strings);
        checkExponent(kind, matrix, angles!.subarray(m * strings, (m + 1) * strings));
        const eigen = eigenOf(matrix, d);
        spectra.push(eigen);
        writeExponential(eigen, d, out, m * size);
      }
      return out;
    },
    vjp(_inputs, _output, dy, batch) {
      const grad = new Float64Array(batch * count * strings);
      for (let m = 0; m < batch * count; m++) {
        const [re, im] = throughExponential(spectra[m]!, d, dy, m * size);
        addPauliTraces(basis, re, im, grad, m * strings);
      }
      return [grad];
    },
  };
  return theta.tape.record(rule, [theta], [count, d, d, 2]);
}

function checkExponent(kind: string, matrix: Float64Array, angles: Float64Array): void {
  if (matrix.every((value) => Math.abs(value) <= LARGEST)) return;
  const worst = angles.find((angle) => !(Math.abs(angle) <= LARGEST / matrix.length)) ?? angles[0];
  throw new ValueError(`${kind}: an angle is ${worst}`, {
    remedy: 'Training has diverged: use a lower learning rate, or clip gradients',
  });
}

function eigenOf(matrix: Float64Array, d: number): Eigen {
  const { values, vectors } = hermitianEigen(matrix, d);
  const re = new Float64Array(d * d);
  const im = new Float64Array(d * d);
  for (let i = 0; i < d * d; i++) {
    re[i] = vectors[2 * i]!;
    im[i] = vectors[2 * i + 1]!;
  }
  return { values, re, im };
}

/** U = Σ_k e^{iw_k} v_k v_k†. */
function writeExponential(
  { values, re, im }: Eigen,
  d: number,
  out: Float64Array,
  at: number,
): void {
  const turnedRe = new Float64Array(d * d);
  const turnedIm = new Float64Array(d * d);
  for (let k = 0; k < d; k++) {
    const cos = elementary.cos(values[k]!);
    const sin = elementary.sin(values[k]!);
    for (let i = k * d; i < (k + 1) * d; i++) {
      turnedRe[i] = cos * re[i]! - sin * im[i]!;
      turnedIm[i] = cos * im[i]! + sin * re[i]!;
    }
  }
  const a = matmul(turnedRe, re, d, d, d, { transposeA: true });
  matmul(turnedIm, im, d, d, d, { transposeA: true, out: a, accumulate: true });
  const b = matmul(turnedIm, re, d, d, d, { transposeA: true });
  const c = matmul(turnedRe, im, d, d, d, { transposeA: true });
  for (let i = 0; i < d * d; i++) {
    out[at + 2 * i] = a[i]!;
    out[at + 2 * i + 1] = b[i]! - c[i]!;
  }
}

/**
 * Y with dL = Re tr(Y† dH) for U = exp(iH), from the gradients G by the parts of U: Y = V (conj(Φ) ∘ V†GV) V† with
 * Φ_jk = (e^{iw_j} - e^{iw_k})/(w_j - w_k) = i e^{i(w_j + w_k)/2} sinc((w_j - w_k)/2).
 */
function throughExponential(
  { values, re, im }: Eigen,
  d: number,
  dy: Float64Array,
  at: number,
): [Float64Array, Float64Array] {
  const gRe = new Float64Array(d * d);
  const gIm = new Float64Array(d * d);
  for (let i = 0; i < d * d; i++) {
    gRe[i] = dy[at + 2 * i]!;
    gIm[i] = dy[at + 2 * i + 1]!;
  }
  // Rows of `re`, `im` are eigenvectors: V†GV = conj(E) G Eᵀ and V B V† = Eᵀ B conj(E).
  const [lRe, lIm] = complexProduct(re, im, gRe, gIm, d, { conjugateA: true });
  const [qRe, qIm] = complexProduct(lRe, lIm, re, im, d, { transposeB: true });
  const cosines = values.map((w) => elementary.cos(w / 2));
  const sines = values.map((w) => elementary.sin(w / 2));
  for (let j = 0; j < d; j++) {
    for (let k = 0; k < d; k++) {
      const half = (values[j]! - values[k]!) / 2;
      const sinc = sincOf(half, sines[j]! * cosines[k]! - cosines[j]! * sines[k]!);
      const cos = cosines[j]! * cosines[k]! - sines[j]! * sines[k]!;
      const sin = sines[j]! * cosines[k]! + cosines[j]! * sines[k]!;
      // conj(i e^{ia}) = -sin a - i cos a
      const at2 = j * d + k;
      const [x, y] = [qRe[at2]!, qIm[at2]!];
      qRe[at2] = sinc * (cos * y - sin * x);
      qIm[at2] = -sinc * (sin * y + cos * x);
    }
  }
  const [mRe, mIm] = complexProduct(re, im, qRe, qIm, d, { transposeA: true });
  return complexProduct(mRe, mIm, re, im, d, { conjugateB: true });
}

/** sin(x)/x, given sin(x), which by addition loses digits where x is small; there the series is exact. */
export function sincOf(x: number, sine: number): number {
  return Math.abs(x) < 1e-2 ? 1 - (x * x) / 6 + x ** 4 / 120 - x ** 6 / 5040 : sine / x;
}

interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly conjugateA?: boolean;
  readonly conjugateB?: boolean;
}

/** Product of two complex d × d matrices, parts apart. */
function complexProduct(
  aRe: Float64Array,
  aIm: Float64Array,
  bRe: Float64Array,
  bIm: Float64Array,
  d: number,
  options: ProductOptions,
): [Float64Array, Float64Array] {
  const { transposeA = false, transposeB = false, conjugateA, conjugateB } = options;
  const how = { transposeA, transposeB };
  const re = matmul(aRe, bRe, d, d, d, how);
  const ii = matmul(aIm, bIm, d, d, d, how);
  const im = matmul(aIm, bRe, d, d, d, how);
  const ri = matmul(aRe, bIm, d, d, d, how);
  const a = conjugateA === true ? -1 : 1;
  const b = conjugateB === true ? -1 : 1;
  for (let i = 0; i < re.length; i++) {
    re[i] = re[i]! - a * b * ii[i]!;
    im[i] = a * im[i]! + b * ri[i]!;
  }
  return [re, im];
}
