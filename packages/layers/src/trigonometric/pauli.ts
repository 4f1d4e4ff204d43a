/**
 * Pauli strings as bits: `x` and `z` say on which qubits there is an X and a Z, both being a Y; the Hermitian operator is
 * P(x, z) = i^|x∧z| X^x Z^z.
 */
import type { Control } from '@ketwork/circuit';

/** Shares of a Pauli string below this are rounding. */
const NEGLIGIBLE = 1e-12;

/** Number of bits that are 1. */
function ones(n: number): number {
  let count = 0;
  for (let rest = n; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Whether two strings do not commute. */
export function anticommute(x: number, z: number, otherX: number, otherZ: number): boolean {
  return (ones(x & otherZ) + ones(z & otherX)) % 2 === 1;
}

/** The sign s in -i Q P = s R of anticommuting strings Q (first) and P, R being the Hermitian string of their product. */
export function turnedSign(x: number, z: number, otherX: number, otherZ: number): 1 | -1 {
  const quarters =
    ones(x & z) +
    ones(otherX & otherZ) -
    ones((x ^ otherX) & (z ^ otherZ)) +
    2 * ones(z & otherX) +
    3;
  return (quarters & 3) === 0 ? 1 : -1;
}

/** A constant matrix on the first `size` qubits, under controls on the others. */
export interface ControlledMatrix {
  readonly qubits: readonly number[];
  readonly size: number;
  readonly matrix: readonly number[];
  readonly controls: readonly Control[];
}

/** A string on the qubits of a matrix, X bits before Z bits, and how much of it there is. */
export interface Share {
  readonly to: number;
  readonly coefficient: number;
}

/** For each string P on the qubits of a matrix U what U†PU is made of. */
export function conjugated(given: ControlledMatrix): Share[][] {
  const k = given.qubits.length;
  const d = 2 ** k;
  const u = withControls(given);
  const all = Array.from({ length: 4 ** k }, (_, p) => p);
  return all.map((from) => {
    const [x, z] = [from >> k, from & (d - 1)];
    // M = U†PU without the factor i^|x∧z|, where P|c⟩ = (-1)^(z·c) |c ⊕ x⟩ up to that factor.
    const m = new Float64Array(2 * d * d);
    for (let a = 0; a < d; a++)
      for (let b = 0; b < d; b++)
        for (let c = 0; c < d; c++) {
          const sign = ones(z & c) % 2 === 0 ? 1 : -1;
          const [left, right] = [2 * ((c ^ x) * d + a), 2 * (c * d + b)];
          const [lr, li, rr, ri] = [u[left]!, u[left + 1]!, u[right]!, u[right + 1]!];
          m[2 * (a * d + b)]! += sign * (lr * rr + li * ri);
          m[2 * (a * d + b) + 1]! += sign * (lr * ri - li * rr);
        }
    return all.flatMap((to) => {
      const [tx, tz] = [to >> k, to & (d - 1)];
      let [re, im] = [0, 0];
      for (let c = 0; c < d; c++) {
        const sign = ones(tz & c) % 2 === 0 ? 1 : -1;
        re += sign * m[2 * (c * d + (c ^ tx))]!;
        im += sign * m[2 * (c * d + (c ^ tx)) + 1]!;
      }
      // Traces of two Hermitian matrices are real.
      const quarters = (ones(x & z) + ones(tx & tz)) & 3;
      const coefficient = [re, -im, -re, im][quarters]! / d;
      return Math.abs(coefficient) > NEGLIGIBLE ? [{ to, coefficient }] : [];
    });
  });
}

/** The matrix with its controls, which come after its qubits. */
function withControls({ qubits, size, matrix, controls }: ControlledMatrix): Float64Array {
  const d = 2 ** qubits.length;
  const inner = 2 ** size;
  const rest = d / inner;
  const active = controls.reduce((bits, { value }) => 2 * bits + value, 0);
  const u = new Float64Array(2 * d * d);
  for (let outer = 0; outer < rest; outer++)
    for (let row = 0; row < inner; row++)
      for (let column = 0; column < inner; column++) {
        const at = 2 * ((row * rest + outer) * d + column * rest + outer);
        const from = 2 * (row * inner + column);
        u[at] = outer === active ? matrix[from]! : Number(row === column);
        u[at + 1] = outer === active ? matrix[from + 1]! : 0;
      }
  return u;
}
