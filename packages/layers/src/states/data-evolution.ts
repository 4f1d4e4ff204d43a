import { elementary, matmul } from '@ketwork/base';
import type { Rule, Tensor, Want } from '@ketwork/nn';
import { evolutionKernel } from './evolution-kernel.ts';
import { summed } from '../rows.ts';
import { sincOf } from './exponential.ts';
import type { DataSpectra, DataSpectrum, Placement } from './spectra.ts';

/** How the data of a layer act on its states. */
export interface DataEvolution {
  readonly spectra: DataSpectra;
  readonly where: Placement;
}

/**
 * exp(i · factor · t · A) on states `[d, 2]`, for the symmetrised matrix A of each example `x` `[size]` and a shared
 * time `t` `[]` (1 where absent). In the basis of eigenvectors v_k with eigenvalues w_k other than 0 it is
 * 1 + Σ (e^{i·factor·t·w_k} - 1) v_k v_kᵀ.
 *
 * @param spectraOf Spectra of the recording's examples, see `DataSpectra.recording`.
 */
export function evolveByData(
  state: Tensor,
  x: Tensor,
  time: Tensor | undefined,
  factor: number,
  { spectra, where }: DataEvolution,
  spectraOf: (x: Float64Array, batch: number) => readonly DataSpectrum[],
): Tensor {
  const d = where.dimension;
  const width = 2 * d;
  const step = state.axis === 'batch' ? width : 0;
  const kernel = evolutionKernel(d);
  let room: Scratch | undefined;
  const scratch = (): Scratch => (room ??= scratchFor(d));
  /** Of the forward pass, for the gradients: coordinates of the states, and cosines and sines of the phases. */
  let coordinates = new Float64Array(0);
  let phases = new Float64Array(0);
  const rule: Rule = {
    name: 'evolveByData',
    forward([psi, data, t], batch) {
      const all = spectraOf(data!, batch);
      const angle = factor * (t === undefined ? 1 : t[0]!);
      const out = new Float64Array(batch * width);
      coordinates = new Float64Array(batch * width);
      phases = new Float64Array(batch * width);
      for (let e = 0; e < batch; e++) {
        const { values, vectors, rank } = all[e]!;
        const start = e * width;
        for (let k = 0, at = start; k < rank; k++, at += 2) {
          phases[at] = angle * values[k]!;
          elementary.cosSin(phases, at);
          setFactor(kernel.factors, k, phases[at]! - 1, phases[at + 1]!);
        }
        kernel.turn(vectors, rank, psi!, e * step, out, start);
        for (let i = 0; i < 2 * rank; i++) coordinates[start + i] = kernel.coordinates[i]!;
      }
      return out;
    },
    vjp([psi, data, t], _output, dy, batch, wants) {
      const all = spectraOf(data!, batch);
      const angle = factor * (t === undefined ? 1 : t[0]!);
      const wantData = wants[1] !== 'none';
      const timeWant: Want = t === undefined ? 'none' : wants[2]!;
      const states = new Float64Array(batch * width);
      const stateGrad = wants[0] === 'none' ? undefined : states;
      const timeGrad =
        timeWant === 'none' ? undefined : new Float64Array(timeWant === 'sum' ? 1 : batch);
      const dataGrad = wantData ? new Float64Array(batch * where.size) : undefined;
      const bra = kernel.coordinates;
      for (let e = 0; e < batch; e++) {
        const own = all[e]!;
        const { values, vectors, rank } = own;
        const start = e * width;
        for (let k = 0, at = start; k < rank; k++, at += 2)
          setFactor(kernel.factors, k, phases[at]! - 1, -phases[at + 1]!);
        kernel.turn(vectors, rank, dy, start, states, start);
        if (timeGrad !== undefined) {
          // Re conj(e^{-i·phase} l) · i w z
          let byTime = 0;
          for (let k = 0, at = start; k < rank; k++, at += 2) {
            const [cos, sin] = [phases[at]!, phases[at + 1]!];
            const [lr, li] = [bra[2 * k]!, bra[2 * k + 1]!];
            const [zr, zi] = [coordinates[at]!, coordinates[at + 1]!];
            byTime += values[k]! * ((cos * li - sin * lr) * zr - (cos * lr + sin * li) * zi);
          }
          timeGrad[timeGrad.length === 1 ? 0 : e]! += factor * byTime;
        }
        if (dataGrad !== undefined)
          addDataGradient(data!, e, own, angle, psi!, e * step, dy, start, dataGrad);
      }
      return [
        stateGrad === undefined || step > 0 || wants[0] === 'perExample'
          ? stateGrad
          : summed(stateGrad, 1, batch, width),
        dataGrad,
        ...(t === undefined ? [] : [timeGrad]),
      ];
    },
  };
  const inputs = time === undefined ? [state, x] : [state, x, time];
  return state.tape.record(rule, inputs, state.shape);

  /**
   * dL = Re Σ_jk conj(l_j) Φ_jk z_k (V dA Vᵀ)_jk with Φ_jk = i a e^{ia(w_j + w_k)/2} sinc(a(w_j - w_k)/2) for the angle a,
   * over all eigenvectors.
   */
  function addDataGradient(
    data: Float64Array,
    example: number,
    known: DataSpectrum,
    angle: number,
    psi: Float64Array,
    psiAt: number,
    dy: Float64Array,
    dyAt: number,
    out: Float64Array,
  ): void {
    const whole = spectra.whole(data, example, known);
    const { ket, bra, cosines, sines, weights, half: product, byMatrix } = scratch();
    project(whole.vectors, d, psi, psiAt, ket);
    project(whole.vectors, d, dy, dyAt, bra);
    for (let k = 0; k < d; k++) {
      turn[0] = (angle * whole.values[k]!) / 2;
      elementary.cosSin(turn, 0);
      cosines[k] = turn[0];
      sines[k] = turn[1]!;
    }
    for (let j = 0; j < d; j++) {
      const [c, s] = [cosines[j]!, sines[j]!];
      // conj(l_j) · i · angle · e^{i·angle·w_j/2}
      const pr = bra[2 * j]! * c + bra[2 * j + 1]! * s;
      const pi = bra[2 * j]! * s - bra[2 * j + 1]! * c;
      for (let k = 0; k < d; k++) {
        const half = (angle * (whole.values[j]! - whole.values[k]!)) / 2;
        const sinc = sincOf(half, s * cosines[k]! - c * sines[k]!);
        const xr = ket[2 * k]! * cosines[k]! - ket[2 * k + 1]! * sines[k]!;
        const xi = ket[2 * k + 1]! * cosines[k]! + ket[2 * k]! * sines[k]!;
        weights[j * d + k] = -angle * sinc * (pr * xi + pi * xr);
      }
    }
    matmul(whole.vectors, weights, d, d, d, { transposeA: true, out: product });
    matmul(product, whole.vectors, d, d, d, { out: byMatrix });
    for (let i = 0; i < where.size; i++) {
      const place = where.places[i]!;
      const mirror = (place % d) * d + Math.floor(place / d);
      out[example * where.size + i]! += (byMatrix[place]! + byMatrix[mirror]!) / 2;
    }
  }
}

/** Room for the gradient by one example's data. */
interface Scratch {
  readonly ket: Float64Array;
  readonly bra: Float64Array;
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  readonly weights: Float64Array;
  readonly half: Float64Array;
  readonly byMatrix: Float64Array;
}

const turn = new Float64Array(2);

function scratchFor(d: number): Scratch {
  return {
    ket: new Float64Array(2 * d),
    bra: new Float64Array(2 * d),
    cosines: new Float64Array(d),
    sines: new Float64Array(d),
    weights: new Float64Array(d * d),
    half: new Float64Array(d * d),
    byMatrix: new Float64Array(d * d),
  };
}

/** Puts a factor where the kernel reads it. */
function setFactor(factors: Float64Array, k: number, re: number, im: number): void {
  factors[4 * k] = re;
  factors[4 * k + 1] = re;
  factors[4 * k + 2] = -im;
  factors[4 * k + 3] = im;
}

/** Coordinates v_kᵀψ of a state, for all eigenvectors. */
function project(
  vectors: Float64Array,
  d: number,
  psi: Float64Array,
  from: number,
  out: Float64Array,
): void {
  for (let k = 0, v = 0; k < d; k++) {
    let re = 0;
    let im = 0;
    for (let i = from, end = from + 2 * d; i < end; i += 2, v++) {
      re += vectors[v]! * psi[i]!;
      im += vectors[v]! * psi[i + 1]!;
    }
    out[2 * k] = re;
    out[2 * k + 1] = im;
  }
}
