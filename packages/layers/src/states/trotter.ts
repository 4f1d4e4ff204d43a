import { elementary } from '@ketwork/base';
import type { Rule, Tensor } from '@ketwork/nn';
import { summed } from '../rows.ts';
import { checkData, symmetrized } from './spectra.ts';
import type { Placement } from './spectra.ts';

/**
 * The first-order product formula for exp(i · factor · t · A): `steps` times, the exponentials of all Pauli strings of A
 * one after the other, each with `1/steps` of the time. Strings are ordered by the qubits that they flip, from none to
 * all; those that flip the same qubits commute, as A is real, and together turn pairs of amplitudes (c, c ⊕ x) by
 * 2 × 2 matrices, which is how they are computed.
 */
export function evolveByTrotter(
  state: Tensor,
  x: Tensor,
  time: Tensor | undefined,
  factor: number,
  steps: number,
  where: Placement,
  kind: string,
): Tensor {
  const d = where.dimension;
  const width = 2 * d;
  const batched = state.axis === 'batch';
  const rule: Rule = {
    name: 'evolveByTrotter',
    forward([psi, data, t], batch) {
      checkData(kind, data!, where.size);
      const out = new Float64Array(batch * width);
      const angle = (factor * (t === undefined ? 1 : t[0]!)) / steps;
      for (let e = 0; e < batch; e++) {
        const own = out.subarray(e * width, (e + 1) * width);
        own.set(psi!.subarray(batched ? e * width : 0, batched ? (e + 1) * width : width));
        const matrix = symmetrized(where, data!, e);
        for (let s = 0; s < steps; s++) {
          for (let flip = 0; flip < d; flip++) turnPairs(own, matrix, d, flip, angle);
        }
      }
      return out;
    },
    vjp([, data, t], output, dy, batch, wants) {
      const angle = (factor * (t === undefined ? 1 : t[0]!)) / steps;
      const sumTime = wants[2] === 'sum';
      const timeGrad = new Float64Array(sumTime ? 1 : batch);
      const dataGrad = new Float64Array(wants[1] === 'none' ? 0 : batch * where.size);
      const stateGrad = dy.slice();
      const byMatrix = new Float64Array(d * d);
      for (let e = 0; e < batch; e++) {
        const ket = output.slice(e * width, (e + 1) * width);
        const bra = stateGrad.subarray(e * width, (e + 1) * width);
        const matrix = symmetrized(where, data!, e);
        byMatrix.fill(0);
        for (let s = 0; s < steps; s++) {
          for (let flip = d - 1; flip >= 0; flip--) {
            addPairGradients(ket, bra, d, flip, byMatrix);
            turnPairs(ket, matrix, d, flip, -angle);
            turnPairs(bra, matrix, d, flip, -angle);
          }
        }
        // byMatrix holds dL by angle · A_rc, for one of each pair r, c.
        let byAngle = 0;
        for (let i = 0; i < d * d; i++) byAngle += byMatrix[i]! * matrix[i]!;
        timeGrad[sumTime ? 0 : e]! += (factor / steps) * byAngle;
        if (wants[1] === 'none') continue;
        for (let i = 0; i < where.size; i++) {
          const place = where.places[i]!;
          const mirror = (place % d) * d + Math.floor(place / d);
          const grad =
            place === mirror ? byMatrix[place]! : (byMatrix[place]! + byMatrix[mirror]!) / 2;
          dataGrad[e * where.size + i] = angle * grad;
        }
      }
      return [
        wants[0] === 'none'
          ? undefined
          : batched || wants[0] === 'perExample'
            ? stateGrad
            : summed(stateGrad, 1, batch, width),
        wants[1] === 'none' ? undefined : dataGrad,
        ...(t === undefined ? [] : [wants[2] === 'none' ? undefined : timeGrad]),
      ];
    },
  };
  const inputs = time === undefined ? [state, x] : [state, x, time];
  return state.tape.record(rule, inputs, state.shape);
}

/** exp(i · angle · A_x) for the part A_x of the matrix that sends c to c ⊕ flip. */
function turnPairs(
  psi: Float64Array,
  matrix: Float64Array,
  d: number,
  flip: number,
  angle: number,
): void {
  for (let c = 0; c < d; c++) {
    const other = c ^ flip;
    if (other < c) continue;
    const phase = angle * matrix[other * d + c]!;
    if (phase === 0) continue;
    const cos = elementary.cos(phase);
    const sin = elementary.sin(phase);
    const ar = psi[2 * c]!;
    const ai = psi[2 * c + 1]!;
    if (flip === 0) {
      psi[2 * c] = cos * ar - sin * ai;
      psi[2 * c + 1] = cos * ai + sin * ar;
      continue;
    }
    const br = psi[2 * other]!;
    const bi = psi[2 * other + 1]!;
    psi[2 * c] = cos * ar - sin * bi;
    psi[2 * c + 1] = cos * ai + sin * br;
    psi[2 * other] = cos * br - sin * ai;
    psi[2 * other + 1] = cos * bi + sin * ar;
  }
}

/** Adds Re conj(λ) · i · (∂A_x) ψ for the entry of each pair, of which one place is written. */
function addPairGradients(
  ket: Float64Array,
  bra: Float64Array,
  d: number,
  flip: number,
  out: Float64Array,
): void {
  for (let c = 0; c < d; c++) {
    const other = c ^ flip;
    if (other < c) continue;
    // Re(conj(λ_r) i ψ_c) = Im λ_r Re ψ_c - Re λ_r Im ψ_c
    let sum = bra[2 * other + 1]! * ket[2 * c]! - bra[2 * other]! * ket[2 * c + 1]!;
    if (flip > 0) sum += bra[2 * c + 1]! * ket[2 * other]! - bra[2 * c]! * ket[2 * other + 1]!;
    out[other * d + c]! += sum;
  }
}
