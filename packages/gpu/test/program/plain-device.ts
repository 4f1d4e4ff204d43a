/** What a GPU does with a lowered program, in plain loops and double precision: the meaning of steps, sums and weights. */
import type { HostProgram } from '../../src/program/host.ts';
import { parity } from '../../src/program/matrices.ts';
import type { AffineMap } from '../../src/program/affine.ts';
import { lowerBits } from '../../src/program/plan.ts';
import type { Step } from '../../src/program/plan.ts';
import type { Layout } from '../../src/program/readings.ts';

/** Data of one example. */
interface Data {
  readonly shared: Float32Array;
  readonly own: Float32Array;
}

/** Amplitudes, interleaved. */
type State = Float64Array;

const imageOf = ({ columns, flip }: AffineMap, index: number): number =>
  columns.reduce((at, column, bit) => (((index >> bit) & 1) === 1 ? at ^ column : at), flip);

/** The numbers of a step in one example. */
function numbersOf(
  host: HostProgram,
  step: Exclude<Step, { type: 'permutation' }>,
  data: Data,
): Float32Array {
  const from = 2 * host.offsetOf(step);
  return (step.axis === 'batch' ? data.own : data.shared).subarray(from);
}

/** |0…0⟩, or what preparations, a product or the host make of it. */
export function startState(host: HostProgram, data: Data): State {
  const n = host.plan.qubits;
  const state = new Float64Array(2 ** (n + 1));
  const { start } = host.plan;
  if (start !== undefined) {
    const table = (start.axis === 'batch' ? data.own : data.shared).subarray(
      2 * host.offsetOf(start),
    );
    const lower = lowerBits(n);
    for (let i = 0; i < 2 ** n; i++) {
      const a = 2 * (i % 2 ** lower);
      const b = 2 * (2 ** lower + (i >> lower));
      const to = 2 * imageOf(start.target, i);
      state[to] = table[a]! * table[b]! - table[a + 1]! * table[b + 1]!;
      state[to + 1] = table[a]! * table[b + 1]! + table[a + 1]! * table[b]!;
    }
    return state;
  }
  for (let i = 0; i < 2 ** n; i++) {
    let re = 1;
    let im = 0;
    let rest = i;
    for (const { bits, axis, offset } of host.head === undefined
      ? host.preparations
      : [host.head]) {
      const at = 2 * (offset + bits.reduce((j, bit, k) => j | (((i >> bit) & 1) << k), 0));
      const a = axis === 'batch' ? data.own : data.shared;
      [re, im] = [re * a[at]! - im * a[at + 1]!, re * a[at + 1]! + im * a[at]!];
      for (const bit of bits) rest &= ~(1 << bit);
    }
    if (rest !== 0) continue;
    state[2 * i] = re;
    state[2 * i + 1] = im;
  }
  return state;
}

/** Applies a step, or undoes it. */
export function take(
  host: HostProgram,
  step: Step,
  state: State,
  data: Data,
  undo: boolean,
): State {
  const n = host.plan.qubits;
  const out = state.slice();
  if (step.type === 'permutation') {
    const map = undo ? step.target : step.source;
    for (let i = 0; i < 2 ** n; i++) {
      const from = imageOf(map, i);
      out[2 * i] = state[2 * from]!;
      out[2 * i + 1] = state[2 * from + 1]!;
    }
    return out;
  }
  const numbers = numbersOf(host, step, data);
  if (step.type === 'diagonal') {
    for (let i = 0; i < 2 ** n; i++) {
      step.parts.forEach(({ condition, parity: mask }, p) => {
        if ((i & condition.mask) !== condition.value) return;
        const at = 4 * p + (parity(i & mask) ? 2 : 0);
        const [c, s] = [numbers[at]!, undo ? -numbers[at + 1]! : numbers[at + 1]!];
        const [re, im] = [out[2 * i]!, out[2 * i + 1]!];
        out[2 * i] = c * re - s * im;
        out[2 * i + 1] = c * im + s * re;
      });
    }
    return out;
  }
  const places = placesOf(step.qubits.map((q) => n - 1 - q).toSorted((a, b) => a - b));
  const d = places.length;
  for (let base = 0; base < 2 ** n; base++) {
    if ((base & places[d - 1]!) !== 0 || (base & step.condition.mask) !== step.condition.value)
      continue;
    for (let r = 0; r < d; r++) {
      let re = 0;
      let im = 0;
      for (let c = 0; c < d; c++) {
        const at = 2 * (undo ? c * d + r : r * d + c);
        const [mr, mi] = [numbers[at]!, undo ? -numbers[at + 1]! : numbers[at + 1]!];
        const from = 2 * (base | places[c]!);
        re += mr * state[from]! - mi * state[from + 1]!;
        im += mr * state[from + 1]! + mi * state[from]!;
      }
      out[2 * (base | places[r]!)] = re;
      out[2 * (base | places[r]!) + 1] = im;
    }
  }
  return out;
}

/** Index bits of each row, from the positions of its bits, ascending. */
const placesOf = (bits: readonly number[]): number[] =>
  Array.from({ length: 2 ** bits.length }, (_, row) =>
    bits.reduce((at, bit, k) => (((row >> k) & 1) === 1 ? at | (1 << bit) : at), 0),
  );

/** Σ ψ λ† on some bits, or the sums over even and odd indices of a diagonal's parts. */
function outer(
  psi: State,
  lambda: State,
  n: number,
  bits: readonly number[],
  condition = { mask: 0, value: 0 },
): number[] {
  const places = placesOf(bits);
  const d = places.length;
  const sums = new Array<number>(2 * d * d).fill(0);
  for (let base = 0; base < 2 ** n; base++) {
    if ((base & places[d - 1]!) !== 0 || (base & condition.mask) !== condition.value) continue;
    for (let a = 0; a < d; a++) {
      for (let b = 0; b < d; b++) {
        const [i, j] = [2 * (base | places[a]!), 2 * (base | places[b]!)];
        sums[2 * (a * d + b)]! += psi[i]! * lambda[j]! + psi[i + 1]! * lambda[j + 1]!;
        sums[2 * (a * d + b) + 1]! += psi[i + 1]! * lambda[j]! - psi[i]! * lambda[j + 1]!;
      }
    }
  }
  return sums;
}

/** Gradient cells of a step, from states before it. */
export function cellsOf(
  host: HostProgram,
  step: Exclude<Step, { type: 'permutation' }>,
  psi: State,
  lambda: State,
): number[] {
  const n = host.plan.qubits;
  if (step.type === 'unitary') {
    const bits = step.qubits.map((q) => n - 1 - q).toSorted((a, b) => a - b);
    return outer(psi, lambda, n, bits, step.condition);
  }
  const sums = new Array<number>(4 * step.parts.length).fill(0);
  step.parts.forEach(({ condition, parity: mask }, p) => {
    for (let i = 0; i < 2 ** n; i++) {
      if ((i & condition.mask) !== condition.value) continue;
      const at = 4 * p + (parity(i & mask) ? 2 : 0);
      sums[at]! += psi[2 * i]! * lambda[2 * i]! + psi[2 * i + 1]! * lambda[2 * i + 1]!;
      sums[at + 1]! += psi[2 * i + 1]! * lambda[2 * i]! - psi[2 * i]! * lambda[2 * i + 1]!;
    }
  });
  return sums;
}

/** (-1)^|from & z| i^power times an amplitude. */
function turned(state: State, from: number, z: number, power: number): readonly [number, number] {
  const sign = parity(from & z) ? -1 : 1;
  let [re, im] = [sign * state[2 * from]!, sign * state[2 * from + 1]!];
  for (let p = 0; p < power; p++) [re, im] = [-im, re];
  return [re, im];
}

/** The numbers of an example that the host asks for. */
export function recordOf(host: HostProgram, psi: State, layout: Layout): Float32Array {
  const n = host.plan.qubits;
  const { strings, marginals, densities } = host.readings;
  const out = new Float32Array(layout.size);
  strings.forEach(({ x, z, power }, t) => {
    for (let i = 0; i < 2 ** n; i++) {
      const [re, im] = turned(psi, i ^ x, z, power);
      out[layout.strings.start + t]! += psi[2 * i]! * re + psi[2 * i + 1]! * im;
    }
  });
  marginals.forEach(({ bits }, m) => {
    for (let i = 0; i < 2 ** n; i++) {
      const j = bits.reduce((at, bit, k) => at | (((i >> bit) & 1) << k), 0);
      out[layout.marginals[m]!.start + j]! += psi[2 * i]! ** 2 + psi[2 * i + 1]! ** 2;
    }
  });
  densities.forEach(({ bits }, m) => out.set(outer(psi, psi, n, bits), layout.densities[m]!.start));
  if (layout.state !== undefined) out.set(psi, layout.state.start);
  return out;
}

/** λ from the weights of an example. */
export function braOf(host: HostProgram, psi: State, weights: Float32Array, layout: Layout): State {
  const n = host.plan.qubits;
  const { strings, marginals, densities } = host.readings;
  const out = new Float64Array(psi.length);
  if (layout.state !== undefined) out.set(weights.subarray(layout.state.start));
  for (let i = 0; i < 2 ** n; i++) {
    strings.forEach(({ x, z, power }, t) => {
      const w = weights[layout.strings.start + t]!;
      const [re, im] = turned(psi, i ^ x, z, power);
      out[2 * i]! += w * re;
      out[2 * i + 1]! += w * im;
    });
    marginals.forEach(({ bits }, m) => {
      const j = bits.reduce((at, bit, k) => at | (((i >> bit) & 1) << k), 0);
      const w = weights[layout.marginals[m]!.start + j]!;
      out[2 * i]! += w * psi[2 * i]!;
      out[2 * i + 1]! += w * psi[2 * i + 1]!;
    });
    densities.forEach(({ bits }, m) => {
      const places = placesOf(bits);
      const d = places.length;
      const base = i & ~places[d - 1]!;
      const row = bits.reduce((at, bit, k) => at | (((i >> bit) & 1) << k), 0);
      for (let c = 0; c < d; c++) {
        const at = layout.densities[m]!.start + 2 * (row * d + c);
        const from = 2 * (base | places[c]!);
        out[2 * i]! += weights[at]! * psi[from]! - weights[at + 1]! * psi[from + 1]!;
        out[2 * i + 1]! += weights[at]! * psi[from + 1]! + weights[at + 1]! * psi[from]!;
      }
    });
  }
  return out;
}
