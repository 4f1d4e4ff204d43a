import { matmul } from '@ketwork/base';
import type { Rule, Tensor, Want } from '@ketwork/nn';

/**
 * Applies one unitary, `[d, d, 2]`, shared by the batch, to some qubits of states `[2^n, 2]` (interleaved re, im), the
 * first named one most significant: one matrix product over all examples.
 */
export function applyUnitary(state: Tensor, unitary: Tensor, qubits: readonly number[]): Tensor {
  const dimension = state.shape[0]!;
  const d = 2 ** qubits.length;
  const rests = dimension / d;
  const batched = state.axis === 'batch';
  const places = placesOf(dimension, qubits);
  const width = 2 * dimension;
  const rows = (data: Float64Array, batch: number): Float64Array =>
    places === undefined ? data : moved(data, places, batch, true);
  const rule: Rule = {
    name: 'applyUnitary',
    forward([psi, u], batch) {
      const product = matmul(rows(psi!, batch), realForm(u!, d), batch * rests, 2 * d, 2 * d);
      return places === undefined ? product : moved(product, places, batch, false);
    },
    vjp([psi, u], _output, dy, batch, wants) {
      const dyRows = rows(dy, batch);
      return [
        wants[0] === 'none' ? undefined : stateGradient(u!, dyRows, batch),
        wants[1] === 'none'
          ? undefined
          : matrixGradient(rows(psi!, batch), dyRows, batch, wants[1]!),
      ];
    },
  };
  return state.tape.record(rule, [state, unitary], state.shape);

  function stateGradient(u: Float64Array, dyRows: Float64Array, batch: number): Float64Array {
    const grad = matmul(dyRows, realForm(u, d), batch * rests, 2 * d, 2 * d, { transposeB: true });
    return places === undefined ? grad : moved(grad, places, batch, false);
  }

  function matrixGradient(
    psiRows: Float64Array,
    dyRows: Float64Array,
    batch: number,
    want: Want,
  ): Float64Array {
    const each = batched && want === 'perExample';
    const parts = each ? batch : 1;
    const own = each ? rests : batch * rests;
    const grad = new Float64Array(parts * 2 * d * d);
    for (let e = 0; e < parts; e++) {
      const from = each ? e * width : 0;
      const to = each ? from + width : batch * width;
      const product = matmul(
        psiRows.subarray(from, to),
        dyRows.subarray(from, to),
        2 * d,
        own,
        2 * d,
        { transposeA: true },
      );
      fromRealForm(product, d, grad, e * 2 * d * d);
    }
    return grad;
  }
}

/** The real matrix R with row(Uψ) = row(ψ) R, for rows of interleaved parts. */
function realForm(u: Float64Array, d: number): Float64Array {
  const out = new Float64Array(4 * d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const re = u[2 * (i * d + j)]!;
      const im = u[2 * (i * d + j) + 1]!;
      const at = 4 * j * d + 2 * i;
      out[at] = re;
      out[at + 1] = im;
      out[at + 2 * d] = -im;
      out[at + 2 * d + 1] = re;
    }
  }
  return out;
}

/** The adjoint of {@link realForm}. */
function fromRealForm(r: Float64Array, d: number, out: Float64Array, offset: number): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const at = 4 * j * d + 2 * i;
      out[offset + 2 * (i * d + j)] = r[at]! + r[at + 2 * d + 1]!;
      out[offset + 2 * (i * d + j) + 1] = r[at + 1]! - r[at + 2 * d]!;
    }
  }
}

/** For each value of the other qubits and each of the named ones, the amplitude; undefined where that is the usual order. */
function placesOf(dimension: number, qubits: readonly number[]): Uint32Array | undefined {
  const n = Math.round(Math.log2(dimension));
  if (qubits.length === n && qubits.every((qubit, i) => qubit === i)) return undefined;
  const d = 2 ** qubits.length;
  const bit = (qubit: number): number => 1 << (n - 1 - qubit);
  const mask = qubits.reduce((sum, qubit) => sum | bit(qubit), 0);
  const places = new Uint32Array(dimension);
  let at = 0;
  for (let rest = 0; rest < dimension; rest++) {
    if ((rest & mask) !== 0) continue;
    for (let i = 0; i < d; i++) {
      let place = rest;
      qubits.forEach((qubit, k) => {
        if (((i >> (qubits.length - 1 - k)) & 1) === 1) place |= bit(qubit);
      });
      places[at++] = place;
    }
  }
  return places;
}

/** Amplitudes of all examples brought into the order of `places`, or back. */
function moved(
  data: Float64Array,
  places: Uint32Array,
  batch: number,
  gather: boolean,
): Float64Array {
  const out = new Float64Array(data.length);
  const n = places.length;
  for (let e = 0; e < batch; e++) {
    const start = 2 * e * n;
    for (let i = 0; i < n; i++) {
      const here = start + 2 * i;
      const there = start + 2 * places[i]!;
      const from = gather ? there : here;
      const to = gather ? here : there;
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
    }
  }
  return out;
}
