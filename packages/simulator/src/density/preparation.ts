import { digitMatrix, digitPlaces, toMatrix, toPauli, wordIndices } from './pauli-basis.ts';
import type { VectorView } from './wide.ts';

/** Amplitudes of k qubits as a Pauli vector: `⟨ψ|P|ψ⟩` of every word. */
function pauliVector(amplitudes: Float64Array, k: number): Float64Array {
  const d = 2 ** k;
  const digits = digitMatrix(k);
  const places = digitPlaces(k);
  for (let i = 0; i < d; i++) {
    const [ar, ai] = [amplitudes[2 * i]!, amplitudes[2 * i + 1]!];
    for (let j = 0; j < d; j++) {
      const [br, bi] = [amplitudes[2 * j]!, amplitudes[2 * j + 1]!];
      digits.re[places[i * d + j]!] = ar * br + ai * bi;
      digits.im[places[i * d + j]!] = ai * br - ar * bi;
    }
  }
  toPauli(digits);
  return digits.re;
}

/** Indices of the words on a few qubits, and of those on all others. */
function parts(on: readonly number[], qubits: number): { inside: Int32Array; rest: Int32Array } {
  const others = Array.from({ length: qubits }, (_, q) => q).filter((q) => !on.includes(q));
  return { inside: wordIndices(on, qubits), rest: wordIndices(others, qubits) };
}

/** Puts untouched qubits into a state of norm 1, interleaved amplitudes. */
export function applyPreparation(
  on: readonly number[],
  qubits: number,
  amplitudes: Float64Array,
  { numbers, start, step }: VectorView,
): void {
  const state = pauliVector(amplitudes, on.length);
  const { inside, rest } = parts(on, qubits);
  for (const outside of rest) {
    const factor = numbers[start + outside * step]!;
    inside.forEach((index, i) => {
      numbers[start + (outside + index) * step] = factor === 0 ? 0 : factor * state[i]!;
    });
  }
}

/**
 * The way back: turns the cotangent of the result into that of what was before.
 *
 * @returns derivatives by the real and imaginary parts of the amplitudes
 */
export function preparationCotangent(
  on: readonly number[],
  qubits: number,
  amplitudes: Float64Array,
  before: VectorView,
  cotangent: VectorView,
): Float64Array {
  const k = on.length;
  const d = 2 ** k;
  const state = pauliVector(amplitudes, k);
  const { inside, rest } = parts(on, qubits);
  const digits = digitMatrix(k);
  for (const outside of rest) {
    const factor = before.numbers[before.start + outside * before.step]!;
    let sum = 0;
    inside.forEach((index, i) => {
      const at = cotangent.start + (outside + index) * cotangent.step;
      const slope = cotangent.numbers[at]!;
      digits.re[i] = digits.re[i]! + factor * slope;
      sum += state[i]! * slope;
      cotangent.numbers[at] = 0;
    });
    cotangent.numbers[cotangent.start + outside * cotangent.step] = sum;
  }
  // Σ g_P ⟨ψ|P|ψ⟩ has the derivative 2 Σ g_P P ψ.
  toMatrix(digits);
  const places = digitPlaces(k);
  const out = new Float64Array(2 * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const [a, b] = [digits.re[places[i * d + j]!]!, digits.im[places[i * d + j]!]!];
      const [x, y] = [amplitudes[2 * j]!, amplitudes[2 * j + 1]!];
      out[2 * i] = out[2 * i]! + 2 * (a * x - b * y);
      out[2 * i + 1] = out[2 * i + 1]! + 2 * (a * y + b * x);
    }
  }
  return out;
}
