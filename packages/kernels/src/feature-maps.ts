import { CircuitError } from '@ketwork/base';
import { amplitudes, angle, circuit, input, weight } from '@ketwork/circuit';
import type { AngleExpression, Builder, Circuit, RotationAxis } from '@ketwork/circuit';

/** Options that all feature maps of rotations share. */
export interface FeatureMapOptions {
  /** Factor of all angles: how strongly features turn the state. Large values let kernels concentrate. Default 1. */
  readonly alpha?: number;
  /** How often the map is applied, with the same features; at least 1. Default 1. */
  readonly repeats?: number;
}

/** Which pairs of qubits a feature map couples: neighbours, neighbours and the ends, or all. */
export type PairPattern = 'chain' | 'ring' | 'full';

/** Options of feature maps that couple pairs of qubits. */
export interface PairFeatureMapOptions extends FeatureMapOptions {
  /** The pairs. */
  readonly pattern?: PairPattern;
}

/** Options of {@link angleFeatureMap}. */
export interface AngleFeatureMapOptions extends FeatureMapOptions {
  /** Axis of the rotations. Default `X`. */
  readonly rotation?: RotationAxis;
}

/** Options of {@link trainableFeatureMap}. */
export interface TrainableFeatureMapOptions extends FeatureMapOptions {
  /** Layers of encoding, rotations and couplings, at least 1. Default 2. */
  readonly layers?: number;
}

/**
 * A feature map after Wu et al., "Application of quantum machine learning using the quantum kernel algorithm" (arXiv:2104.05059),
 * whose entangling angle is the mean of two features; the order of its gates is not known and chosen here: on each qubit H, `RZ(α x_q)`, `RY(α x_q)`; then on the chain of neighbours a coupling CNOT, `RZ(α (x_q + x_{q+1})/2)`,
 * CNOT, which is `RZZ` by the mean of two features.
 *
 * @param qubits Number of qubits and features.
 * @returns A circuit with the batch slot `x`, `[qubits]`, radians.
 * @throws CircuitError where a number does not fit.
 * @example
 * ```ts
 * import { draw } from '@ketwork/circuit';
 * import { pairMeanFeatureMap } from '@ketwork/kernels';
 * console.log(draw(pairMeanFeatureMap(3)));
 * ```
 */
export function pairMeanFeatureMap(
  qubits: number,
  options: PairFeatureMapOptions = {},
): Circuit<'x'> {
  const { alpha, repeats } = checked('pairMeanFeatureMap', qubits, options);
  const pairs = pairsOf('pairMeanFeatureMap', qubits, options.pattern ?? 'chain');
  return circuit(qubits, { x: input([qubits]) }, (q, { x }) => {
    for (let r = 0; r < repeats; r++) {
      for (let i = 0; i < qubits; i++) {
        q.h(i)
          .rz(angle.mul(alpha, x.at(i)), i)
          .ry(angle.mul(alpha, x.at(i)), i);
      }
      for (const [a, b] of pairs)
        coupled(q, angle.mul(alpha / 2, angle.add(x.at(a), x.at(b))), a, b);
    }
  });
}

/**
 * The ZZ feature map of Havlíček et al. (Nature 567, 209, 2019) in Qiskit's convention: per repetition H and the phase
 * `P(2α x_i)` on each qubit, then for each pair CNOT, `P(2α (π - x_i)(π - x_j))`, CNOT.
 *
 * @param qubits Number of qubits and features.
 * @param options `repeats` is 2 and `pattern` is `full` by default, as there.
 * @returns A circuit with the batch slot `x`, `[qubits]`, radians.
 * @throws CircuitError where a number does not fit.
 * @example
 * ```ts
 * import { zzFeatureMap } from '@ketwork/kernels';
 * console.log(zzFeatureMap(2).ops.length); // 14
 * ```
 */
export function zzFeatureMap(qubits: number, options: PairFeatureMapOptions = {}): Circuit<'x'> {
  const { alpha, repeats } = checked('zzFeatureMap', qubits, { repeats: 2, ...options });
  const pairs = pairsOf('zzFeatureMap', qubits, options.pattern ?? 'full');
  return circuit(qubits, { x: input([qubits]) }, (q, { x }) => {
    const rest = (i: number): AngleExpression => angle.add(Math.PI, angle.mul(-1, x.at(i)));
    for (let r = 0; r < repeats; r++) {
      for (let i = 0; i < qubits; i++) q.h(i).p(angle.mul(2 * alpha, x.at(i)), i);
      for (const [a, b] of pairs) {
        q.cnot(a, b)
          .p(angle.mul(2 * alpha, rest(a), rest(b)), b)
          .cnot(a, b);
      }
    }
  });
}

/**
 * The IQP feature map: per repetition H and `RZ(α x_i)` on each qubit, then CNOT, `RZ(α x_i x_j)`, CNOT for each pair, which
 * is `RZZ`. With `full` and α = 1 it is PennyLane's `IQPEmbedding`.
 *
 * @param qubits Number of qubits and features.
 * @param options `pattern` is `full` by default.
 * @returns A circuit with the batch slot `x`, `[qubits]`, radians.
 * @throws CircuitError where a number does not fit.
 * @example
 * ```ts
 * import { iqpFeatureMap } from '@ketwork/kernels';
 * console.log(iqpFeatureMap(4, { pattern: 'chain', alpha: 0.5 }).qubits); // 4
 * ```
 */
export function iqpFeatureMap(qubits: number, options: PairFeatureMapOptions = {}): Circuit<'x'> {
  const { alpha, repeats } = checked('iqpFeatureMap', qubits, options);
  const pairs = pairsOf('iqpFeatureMap', qubits, options.pattern ?? 'full');
  return circuit(qubits, { x: input([qubits]) }, (q, { x }) => {
    for (let r = 0; r < repeats; r++) {
      for (let i = 0; i < qubits; i++) q.h(i).rz(angle.mul(alpha, x.at(i)), i);
      for (const [a, b] of pairs) coupled(q, angle.mul(alpha, x.at(a), x.at(b)), a, b);
    }
  });
}

/**
 * One rotation per feature, `R(α x_i)` on qubit i. Its fidelity kernel is the product of `cos²(α (x_i - x'_i)/2)`.
 *
 * @param qubits Number of qubits and features.
 * @returns A circuit with the batch slot `x`, `[qubits]`, radians.
 * @throws CircuitError where a number does not fit.
 * @example
 * ```ts
 * import { angleFeatureMap } from '@ketwork/kernels';
 * console.log(angleFeatureMap(4, { rotation: 'Y' }).ops.length); // 4
 * ```
 */
export function angleFeatureMap(
  qubits: number,
  options: AngleFeatureMapOptions = {},
): Circuit<'x'> {
  const { alpha, repeats } = checked('angleFeatureMap', qubits, options);
  const { rotation = 'X' } = options;
  return circuit(qubits, { x: input([qubits]) }, (q, { x }) => {
    for (let r = 0; r < repeats; r++) {
      for (let i = 0; i < qubits; i++) {
        const by = angle.mul(alpha, x.at(i));
        if (rotation === 'X') q.rx(by, i);
        else if (rotation === 'Y') q.ry(by, i);
        else q.rz(by, i);
      }
    }
  });
}

/**
 * Features as amplitudes, divided by their norm. Its fidelity kernel is the squared cosine of the angle between two
 * examples.
 *
 * @param qubits Number of qubits; an example has `2^qubits` features.
 * @returns A circuit with the batch slot `x`, `[2^qubits]`.
 * @throws CircuitError where a number does not fit.
 * @example
 * ```ts
 * import { amplitudeFeatureMap } from '@ketwork/kernels';
 * console.log(amplitudeFeatureMap(3).slots[0]?.shape); // [ 8 ]
 * ```
 */
export function amplitudeFeatureMap(qubits: number): Circuit<'x'> {
  checked('amplitudeFeatureMap', qubits, {});
  return circuit(qubits, { x: amplitudes([2 ** qubits]) }, (q, { x }) =>
    q.amplitudeEmbedding(x, { normalize: true }),
  );
}

/**
 * A feature map with weights, in the form of Hubregtsen et al., "Training quantum embedding kernels on near-term quantum
 * computers" (Phys. Rev. A 106, 042431, 2022): per layer H and `RZ(α x)` on each qubit (features go round where there are
 * fewer than qubits), `RY(w)` on each qubit and a ring of controlled `RZ(w)`. In a fidelity kernel the weights of the last
 * layer cancel, since no encoding follows them; use two layers or more.
 *
 * @param qubits Number of qubits.
 * @param features Numbers of one example. In each layer the first feature lies on the next qubit.
 * @returns A circuit with the batch slot `x`, `[features]`, and the shared slot `w`, `[layers, 2, qubits]`, radians.
 * @throws CircuitError where a number does not fit.
 * @example
 * ```ts
 * import { trainableFeatureMap } from '@ketwork/kernels';
 * console.log(trainableFeatureMap(4, 2, { layers: 3 }).slots[1]?.shape); // [ 3, 2, 4 ]
 * ```
 */
export function trainableFeatureMap(
  qubits: number,
  features: number,
  options: TrainableFeatureMapOptions = {},
): Circuit<'x' | 'w'> {
  const name = 'trainableFeatureMap';
  const { alpha, repeats } = checked(name, qubits, options);
  const { layers = 2 } = options;
  count(name, 'layers', layers);
  count(name, 'features', features);
  const slots = { x: input([features]), w: weight([layers, 2, qubits]) };
  return circuit(qubits, slots, (q, { x, w }) => {
    for (let r = 0; r < repeats; r++) {
      for (let l = 0; l < layers; l++) {
        for (let i = 0; i < qubits; i++) {
          q.h(i).rz(angle.mul(alpha, x.at((i + l) % features)), i);
        }
        for (let i = 0; i < qubits; i++) q.ry(w.at(l, 0, i), i);
        if (qubits === 1) continue;
        for (let i = 0; i < qubits; i++) q.crz(w.at(l, 1, i), i, (i + 1) % qubits);
      }
    }
  });
}

/** CNOT, RZ, CNOT: written out, since that is what a device runs and what noise acts on. */
function coupled(q: Builder, by: AngleExpression, a: number, b: number): void {
  q.cnot(a, b).rz(by, b).cnot(a, b);
}

function checked(
  name: string,
  qubits: number,
  { alpha = 1, repeats = 1 }: FeatureMapOptions,
): { alpha: number; repeats: number } {
  count(name, 'qubits', qubits);
  count(name, 'repeats', repeats);
  if (!Number.isFinite(alpha))
    throw new CircuitError(`${name}: alpha ${alpha} is not a finite number`);
  return { alpha, repeats };
}

function count(name: string, what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new CircuitError(`${name}: ${what} ${String(value)} is not a positive integer`);
}

function pairsOf(name: string, qubits: number, pattern: PairPattern): [number, number][] {
  const chain = Array.from({ length: qubits - 1 }, (_, i): [number, number] => [i, i + 1]);
  switch (pattern) {
    case 'chain':
      return chain;
    case 'ring':
      return qubits > 2 ? [...chain, [qubits - 1, 0]] : chain;
    case 'full':
      return Array.from({ length: qubits }, (_, a) =>
        Array.from({ length: qubits - 1 - a }, (__, k): [number, number] => [a, a + 1 + k]),
      ).flat();
    default:
      throw new CircuitError(`${name}: unknown pattern ${JSON.stringify(pattern)}`, {
        remedy: 'Use chain, ring or full',
      });
  }
}
