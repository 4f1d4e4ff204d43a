import { fold, uniform, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { I, pauli } from '@ketwork/circuit';
import type { PauliObservable, PauliSum } from '@ketwork/circuit';
import type { NoiseModel } from './model.ts';

/**
 * Confusion matrix of a qubit, row-major: `[p(0|0), p(1|0), p(0|1), p(1|1)]`, rows being the true value and columns the
 * value read. The identity for a qubit without readout error.
 *
 * @example
 * ```ts
 * import { confusionMatrix, noiseModel } from '@ketwork/noise';
 * const model = noiseModel({ readout: [{ qubit: 1, p10: 0.02, p01: 0.1 }] });
 * console.log(confusionMatrix(model, 1)); // [0.98, 0.02, 0.1, 0.9]
 * console.log(confusionMatrix(model, 0)); // [1, 0, 0, 1]
 * ```
 */
export function confusionMatrix(model: NoiseModel, qubit: number): Float64Array {
  const found =
    model.readout.find((error) => error.qubit === qubit) ??
    model.readout.find((error) => error.qubit === undefined);
  const { p10, p01 } = found ?? { p10: 0, p01: 0 };
  return Float64Array.of(1 - p10, p10, p01, 1 - p01);
}

/**
 * Probabilities as they are read: each qubit's confusion matrix applied to its axis.
 *
 * @param probabilities `[batch, 2^k]`.
 * @param qubits The k qubits, the first one being the most significant, as in `probabilities(qubits)`.
 * @returns a new array `[batch, 2^k]`.
 * @throws ValueError where the length does not fit.
 * @example
 * ```ts
 * import { noiseModel, readoutProbabilities } from '@ketwork/noise';
 * const model = noiseModel({ readout: [{ p10: 0.02, p01: 0.1 }] });
 * console.log(readoutProbabilities([0, 1], [0], model)); // [0.1, 0.9]
 * ```
 */
export function readoutProbabilities(
  probabilities: ArrayLike<number>,
  qubits: readonly number[],
  model: NoiseModel,
): Float64Array {
  const size = 2 ** qubits.length;
  if (probabilities.length === 0 || probabilities.length % size !== 0) {
    throw new ValueError(
      `${probabilities.length} probabilities are not those of ${qubits.length} qubits`,
      { remedy: `Give [batch, ${size}]` },
    );
  }
  const out = Float64Array.from(probabilities);
  qubits.forEach((qubit, i) => {
    const step = 2 ** (qubits.length - 1 - i);
    const [keep0, up, down, keep1] = confusionMatrix(model, qubit) as unknown as [
      number,
      number,
      number,
      number,
    ];
    for (let at = 0; at < out.length; at++) {
      if ((Math.floor(at / step) & 1) === 1) continue;
      const [p0, p1] = [out[at]!, out[at + step]!];
      out[at] = keep0 * p0 + down * p1;
      out[at + step] = up * p0 + keep1 * p1;
    }
  });
  return out;
}

/**
 * Samples as they are read: every bit is flipped with the probability of its qubit and value.
 *
 * @param samples `[batch, shots, k]` bits.
 * @param qubits The k qubits of the samples, in their order.
 * @param key Random key: sample i of qubit j uses number i of the stream `fold(key, j)`, so that qubits are independent.
 * @returns a new array `[batch, shots, k]`.
 * @throws ValueError where the length does not fit.
 * @example
 * ```ts
 * import { key } from '@ketwork/base';
 * import { noiseModel, readoutSamples } from '@ketwork/noise';
 * const model = noiseModel({ readout: [{ p10: 1, p01: 0 }] });
 * console.log(readoutSamples(Uint8Array.of(0, 1, 0), [0], model, key(1))); // [1, 1, 1]
 * ```
 */
export function readoutSamples(
  samples: Uint8Array,
  qubits: readonly number[],
  model: NoiseModel,
  key: Key,
): Uint8Array {
  const k = qubits.length;
  if (k === 0 || samples.length % k !== 0) {
    throw new ValueError(`${samples.length} bits are not samples of ${k} qubits`, {
      remedy: 'Give [batch, shots, k] bits and the k qubits',
    });
  }
  const out = samples.slice();
  const count = samples.length / k;
  qubits.forEach((qubit, j) => {
    const [, p10, p01] = confusionMatrix(model, qubit) as unknown as [number, number, number];
    if (p10 === 0 && p01 === 0) return;
    const drawn = uniform(fold(key, j), count);
    for (let i = 0; i < count; i++) {
      const bit = samples[i * k + j]!;
      if (drawn[i]! < (bit === 0 ? p10 : p01)) out[i * k + j] = 1 - bit;
    }
  });
  return out;
}

/**
 * The observable whose exact expectation value is what readings with errors give on average, qubits being read in the
 * basis of their Pauli letters: a letter P of qubit q becomes `(p01 - p10) I + (1 - p10 - p01) P`. So expectation values
 * with readout error, and their gradients, come from any engine without shots.
 *
 * @example
 * ```ts
 * import { Z } from '@ketwork/circuit';
 * import { noiseModel, readoutObservable } from '@ketwork/noise';
 * const model = noiseModel({ readout: [{ p10: 0.02, p01: 0.1 }] });
 * console.log(readoutObservable(Z(0), model).terms.map(({ coefficient }) => coefficient)); // [0.88, 0.08]
 * ```
 */
export function readoutObservable(observable: PauliObservable, model: NoiseModel): PauliSum {
  let sum = I().scale(0);
  for (const { coefficient, paulis } of observable.terms) {
    let product = I().scale(coefficient);
    for (const { qubit, pauli: letter } of paulis) {
      const [, p10, p01] = confusionMatrix(model, qubit) as unknown as [number, number, number];
      product = product.mul(
        pauli(letter, [qubit])
          .scale(1 - p10 - p01)
          .add(I().scale(p01 - p10)),
      );
    }
    sum = sum.add(product);
  }
  return sum;
}
