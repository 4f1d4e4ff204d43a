import { ValueError } from '@ketwork/base';
import { Complex } from 'complex.js';

/**
 * The amplitudes of one example of a statevector result as complex numbers, for reading.
 *
 * @param state the result of `state()`, `[batch, 2^n, 2]`, interleaved re, im.
 * @param options `qubits` n, needed only for a batch; `example`, 0 by default.
 * @returns `2^n` numbers of complex.js; qubit 0 is the most significant bit of the index.
 * @throws ValueError where the numbers do not make up states of that many qubits, or the batch has no such example.
 *
 * @example
 * ```ts
 * import { circuit, state } from '@ketwork/circuit';
 * import { complexAmplitudes, cpu } from '@ketwork/simulator';
 * const turned = circuit(1, (q) => q.h(0).s(0));
 * const amplitudes = complexAmplitudes((await cpu()).compile(turned, state()).run());
 * console.log(amplitudes[1]!.im.toFixed(4)); // 0.7071
 * ```
 */
export function complexAmplitudes(
  state: ArrayLike<number>,
  options: { readonly qubits?: number; readonly example?: number } = {},
): Complex[] {
  const { qubits = Math.log2(state.length / 2), example = 0 } = options;
  const size = 2 ** qubits;
  const batch = state.length / (2 * size);
  if (!Number.isInteger(qubits) || qubits < 0 || !Number.isInteger(batch) || batch === 0) {
    throw new ValueError(`${state.length} numbers are not states of ${qubits} qubits`, {
      remedy: 'Give the result of state(), and the number of qubits where it holds a batch',
    });
  }
  if (!Number.isInteger(example) || example < 0 || example >= batch) {
    throw new ValueError(`there is no example ${example} in a batch of ${batch}`, {
      remedy: `Use 0 to ${batch - 1}`,
    });
  }
  const start = 2 * size * example;
  return Array.from(
    { length: size },
    (_, i) => new Complex(state[start + 2 * i], state[start + 2 * i + 1]),
  );
}

/**
 * One example of a statevector result in ket notation, such as `0.7071|00⟩ + 0.7071|11⟩`, for reading.
 *
 * @param state the result of `state()`, `[batch, 2^n, 2]`, interleaved re, im.
 * @param options `qubits` and `example` as in {@link complexAmplitudes}; `digits` after the point, 4 by default: smaller
 * amplitudes are left out.
 * @throws ValueError as {@link complexAmplitudes}.
 *
 * @example
 * ```ts
 * import { circuit, state } from '@ketwork/circuit';
 * import { cpu, ket } from '@ketwork/simulator';
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * console.log(ket((await cpu()).compile(bell, state()).run())); // 0.7071|00⟩ + 0.7071|11⟩
 * ```
 */
export function ket(
  state: ArrayLike<number>,
  options: { readonly qubits?: number; readonly example?: number; readonly digits?: number } = {},
): string {
  const { digits = 4 } = options;
  const amplitudes = complexAmplitudes(state, options);
  const width = Math.log2(amplitudes.length);
  const terms = amplitudes.flatMap((amplitude, index) => {
    const rounded = amplitude.round(digits);
    if (rounded.isZero()) return [];
    const mixed = rounded.re !== 0 && rounded.im !== 0;
    const basis = width === 0 ? '' : index.toString(2).padStart(width, '0');
    return [`${mixed ? `(${rounded.toString()})` : rounded.toString()}|${basis}⟩`];
  });
  return terms.length === 0 ? '0' : terms.join(' + ').replaceAll('+ -', '- ');
}
