import { fold, key, uniform } from '@ketwork/base';
import { findGate } from '../gates/table.ts';
import { anglesOf, qubitsFor, rotationGateOf, templateError } from './target.ts';
import type { RotationAxis, TemplateAngles, TemplateTarget } from './target.ts';

/** Options of {@link basicEntanglerLayers}. */
export interface BasicEntanglerLayersOptions {
  /** Axis of the rotations. Default `X`. */
  readonly rotation?: RotationAxis;
  /** Qubits, all by default. */
  readonly qubits?: readonly number[];
}

/**
 * Layers of one rotation per qubit and a ring of CNOTs (a single CNOT on two qubits, none on one). PennyLane's
 * `BasicEntanglerLayers`.
 *
 * @param w Shape `[layers, qubits]`, radians.
 * @throws CircuitError when the shape is wrong.
 * @example
 * ```ts
 * import { basicEntanglerLayers, circuit, draw, weight } from '@ketwork/circuit';
 * console.log(draw(circuit(3, (q) => basicEntanglerLayers(q, weight('w', [2, 3])))));
 * ```
 */
export function basicEntanglerLayers(
  q: TemplateTarget,
  w: TemplateAngles,
  options: BasicEntanglerLayersOptions = {},
): void {
  const name = 'basicEntanglerLayers';
  const qubits = qubitsFor(name, q, options.qubits);
  const n = qubits.length;
  const weights = anglesOf(
    name,
    'weights',
    w,
    ['layers', n],
    `basicEntanglerLayersShape(layers, ${n})`,
  );
  const gate = rotationGateOf(name, options.rotation ?? 'X');
  const links = n === 2 ? 1 : n > 2 ? n : 0;
  for (let layer = 0; layer < weights.shape[0]!; layer++) {
    qubits.forEach((qubit, i) => q.gate(gate, [weights.at(layer, i)], qubit));
    for (let i = 0; i < links; i++) q.gate('CNOT', [], [qubits[i]!, qubits[(i + 1) % n]!]);
  }
}

/**
 * Shape of the weights of {@link basicEntanglerLayers}: `[layers, qubits]`.
 *
 * @example
 * ```ts
 * import { basicEntanglerLayersShape, weight } from '@ketwork/circuit';
 * console.log(weight('w', basicEntanglerLayersShape(3, 4)).size); // 12
 * ```
 */
export function basicEntanglerLayersShape(
  layers: number,
  qubits: number,
): readonly [number, number] {
  return [layers, qubits];
}

/** Options of {@link stronglyEntanglingLayers}. */
export interface StronglyEntanglingLayersOptions {
  /** Distance between the qubits that are entangled, per layer. Default `(layer mod (qubits - 1)) + 1`. */
  readonly ranges?: readonly number[];
  /** Two-qubit gate without parameters. Default `CNOT`. */
  readonly imprimitive?: string;
  /** Qubits, all by default. */
  readonly qubits?: readonly number[];
}

/**
 * Layers of `Rot(w[l,i,0], w[l,i,1], w[l,i,2])` on each qubit i, then a two-qubit gate from each qubit i to qubit
 * `i + r_l` (modulo their number). Schuld et al., Phys. Rev. A 101, 032308 (2020); PennyLane's `StronglyEntanglingLayers`.
 *
 * @param w Shape `[layers, qubits, 3]`, radians.
 * @throws CircuitError when the shape, a range or the gate is wrong.
 * @example
 * ```ts
 * import { circuit, draw, stronglyEntanglingLayers, weight } from '@ketwork/circuit';
 * console.log(draw(circuit(3, (q) => stronglyEntanglingLayers(q, weight('w', [2, 3, 3])))));
 * ```
 */
export function stronglyEntanglingLayers(
  q: TemplateTarget,
  w: TemplateAngles,
  options: StronglyEntanglingLayersOptions = {},
): void {
  const name = 'stronglyEntanglingLayers';
  const qubits = qubitsFor(name, q, options.qubits);
  const n = qubits.length;
  const weights = anglesOf(
    name,
    'weights',
    w,
    ['layers', n, 3],
    `stronglyEntanglingLayersShape(layers, ${n})`,
  );
  const layers = weights.shape[0]!;
  const { imprimitive = 'CNOT' } = options;
  const row = findGate(imprimitive);
  if (row?.qubits !== 2 || row.parameters.length > 0) {
    throw templateError(
      name,
      `'${imprimitive}' is not a two-qubit gate without parameters`,
      "Use one such as 'CNOT' or 'CZ'",
    );
  }
  const ranges =
    options.ranges ??
    Array.from({ length: layers }, (_, layer) => (n > 1 ? (layer % (n - 1)) + 1 : 0));
  if (ranges.length !== layers) {
    throw templateError(
      name,
      `there are ${ranges.length} ranges for ${layers} layers`,
      'Give one range per layer',
    );
  }
  const wrong =
    n > 1
      ? ranges.find((range) => !Number.isInteger(range) || range < 1 || range % n === 0)
      : undefined;
  if (wrong !== undefined) {
    throw templateError(
      name,
      `a range is ${wrong}`,
      `Use positive integers that ${n} does not divide`,
    );
  }
  for (let layer = 0; layer < layers; layer++) {
    qubits.forEach((qubit, i) =>
      q.gate(
        'Rot',
        [weights.at(layer, i, 0), weights.at(layer, i, 1), weights.at(layer, i, 2)],
        qubit,
      ),
    );
    if (n === 1) continue;
    qubits.forEach((qubit, i) =>
      q.gate(imprimitive, [], [qubit, qubits[(i + ranges[layer]!) % n]!]),
    );
  }
}

/**
 * Shape of the weights of {@link stronglyEntanglingLayers}: `[layers, qubits, 3]`.
 *
 * @example
 * ```ts
 * import { stronglyEntanglingLayersShape, weight } from '@ketwork/circuit';
 * console.log(weight('w', stronglyEntanglingLayersShape(3, 4)).size); // 36
 * ```
 */
export function stronglyEntanglingLayersShape(
  layers: number,
  qubits: number,
): readonly [number, number, 3] {
  return [layers, qubits, 3];
}

/** Which pairs of n qubits a CNOT joins, as in Qiskit's `EfficientSU2`. */
export type Entanglement = 'linear' | 'reverse_linear' | 'circular' | 'full';

/** Options of {@link hardwareEfficient}. */
export interface HardwareEfficientOptions {
  /** One-qubit rotations of a rotation layer. Default `['RY', 'RZ']`. */
  readonly rotations?: readonly string[];
  /**
   * Pairs (control, target) of an entangling layer: `linear` (0,1), (1,2), …; `reverse_linear` the same in reverse order;
   * `circular` (n-1,0), then linear; `full` all (i,j) with i < j. Default `reverse_linear`.
   */
  readonly entanglement?: Entanglement;
  /** Leave out the rotation layer after the last entangling layer. Default false. */
  readonly skipFinalRotation?: boolean;
  /** Qubits, all by default. */
  readonly qubits?: readonly number[];
}

/**
 * Rotation layers (each rotation on all qubits, one after the other) with CNOT layers in between. Qiskit's
 * `EfficientSU2` with the same defaults; the weights in row-major order are its parameters in their order.
 *
 * @param w Shape `[rotation layers, rotations, qubits]`, radians. With `skipFinalRotation` every rotation layer is
 * followed by an entangling layer, otherwise every one but the last.
 * @throws CircuitError when the shape, a rotation or the entanglement is wrong.
 * @example
 * ```ts
 * import { circuit, draw, hardwareEfficient, hardwareEfficientShape, weight } from '@ketwork/circuit';
 * const w = weight('w', hardwareEfficientShape(3, 1));
 * console.log(draw(circuit(3, (q) => hardwareEfficient(q, w))));
 * ```
 */
export function hardwareEfficient(
  q: TemplateTarget,
  w: TemplateAngles,
  options: HardwareEfficientOptions = {},
): void {
  const name = 'hardwareEfficient';
  const qubits = qubitsFor(name, q, options.qubits);
  const n = qubits.length;
  const {
    rotations = ['RY', 'RZ'],
    entanglement = 'reverse_linear',
    skipFinalRotation = false,
  } = options;
  for (const rotation of rotations) {
    const row = findGate(rotation);
    if (row?.qubits !== 1 || row.parameters.length !== 1) {
      throw templateError(
        name,
        `'${rotation}' is not a one-qubit gate with one parameter`,
        "Use such as 'RX', 'RY', 'RZ', 'P'",
      );
    }
  }
  if (rotations.length === 0)
    throw templateError(name, 'there are no rotations', "Name at least one, such as 'RY'");
  const expected = ['rotation layers', rotations.length, n];
  const weights = anglesOf(
    name,
    'weights',
    w,
    expected,
    `hardwareEfficientShape(${n}, reps, options)`,
  );
  const pairs = entangledPairs(name, n, entanglement);
  const layers = weights.shape[0]!;
  for (let layer = 0; layer < layers; layer++) {
    rotations.forEach((rotation, r) =>
      qubits.forEach((qubit, i) => q.gate(rotation, [weights.at(layer, r, i)], qubit)),
    );
    if (layer === layers - 1 && !skipFinalRotation) continue;
    for (const [a, b] of pairs) q.gate('CNOT', [], [qubits[a]!, qubits[b]!]);
  }
}

function entangledPairs(
  name: string,
  n: number,
  entanglement: Entanglement,
): (readonly [number, number])[] {
  const linear = Array.from({ length: n - 1 }, (_, i) => [i, i + 1] as const);
  switch (entanglement) {
    case 'linear':
      return linear;
    case 'reverse_linear':
      return linear.reverse();
    case 'circular':
      return n > 2 ? [[n - 1, 0], ...linear] : linear;
    case 'full':
      return linear.flatMap(([a]) =>
        Array.from({ length: n - 1 - a }, (_, i) => [a, a + 1 + i] as const),
      );
    default:
      throw templateError(
        name,
        `there is no entanglement '${String(entanglement)}'`,
        "Use 'linear', 'reverse_linear', 'circular' or 'full'",
      );
  }
}

/**
 * Shape of the weights of {@link hardwareEfficient}: `[reps + 1, rotations, qubits]`, or `[reps, rotations, qubits]`
 * with `skipFinalRotation`.
 *
 * @param reps Number of entangling layers. Default 3.
 * @example
 * ```ts
 * import { hardwareEfficientShape, weight } from '@ketwork/circuit';
 * console.log(weight('w', hardwareEfficientShape(4, 2)).shape); // [ 3, 2, 4 ]
 * ```
 */
export function hardwareEfficientShape(
  qubits: number,
  reps = 3,
  options: Pick<HardwareEfficientOptions, 'rotations' | 'skipFinalRotation'> = {},
): readonly [number, number, number] {
  return [
    reps + (options.skipFinalRotation === true ? 0 : 1),
    options.rotations?.length ?? 2,
    qubits,
  ];
}

/** Options of {@link randomLayers}. */
export interface RandomLayersOptions {
  /** Seed of the structure, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Probability of a CNOT at each step, at least 0 and less than 1. Default 0.3. */
  readonly ratio?: number;
  /** Axes among which each rotation is drawn. Default X, Y and Z. */
  readonly rotations?: readonly RotationAxis[];
  /** Qubits, all by default. */
  readonly qubits?: readonly number[];
}

/**
 * Layers of rotations about random axes on random qubits, with CNOTs on random pairs in between. The structure is drawn
 * once, when the circuit is built, and depends only on the seed, the layer and the options. The idea of PennyLane's
 * `RandomLayers`, with other random numbers.
 *
 * The algorithm: layer l reads u_0, u_1, … uniform in [0, 1) from `uniform(fold(key(seed), l))`. Each step takes the next
 * number u; where u > ratio, the next two choose axis `⌊u·axes⌋` and qubit `⌊u·n⌋` of the next rotation; otherwise, with
 * n > 1, they choose the control a = `⌊u·n⌋` and the target `b = ⌊u·(n-1)⌋`, plus 1 where b ≥ a. The layer ends with its
 * last rotation.
 *
 * @param w Shape `[layers, rotations per layer]`, radians.
 * @throws CircuitError when shape, ratio or axes are wrong; ValueError when the seed is.
 * @example
 * ```ts
 * import { circuit, draw, randomLayers, weight } from '@ketwork/circuit';
 * console.log(draw(circuit(4, (q) => randomLayers(q, weight('w', [2, 8]), { seed: 7 }))));
 * ```
 */
export function randomLayers(
  q: TemplateTarget,
  w: TemplateAngles,
  options: RandomLayersOptions,
): void {
  const name = 'randomLayers';
  const qubits = qubitsFor(name, q, options.qubits);
  const weights = anglesOf(
    name,
    'weights',
    w,
    ['layers', 'rotations'],
    'randomLayersShape(layers, rotations)',
  );
  const { ratio = 0.3, rotations = ['X', 'Y', 'Z'] } = options;
  if (!(ratio >= 0 && ratio < 1)) {
    throw templateError(
      name,
      `the ratio of CNOTs is ${ratio}`,
      'Use a number from 0 to less than 1',
    );
  }
  if (rotations.length === 0)
    throw templateError(name, 'there are no rotations', "Name at least one, such as 'Y'");
  const gates = rotations.map((axis) => rotationGateOf(name, axis));
  const root = key(options.seed);
  const n = qubits.length;
  for (let layer = 0; layer < weights.shape[0]!; layer++) {
    const next = stream((count) => uniform(fold(root, layer), count));
    for (let i = 0; i < weights.shape[1]!;) {
      if (next() > ratio) {
        const gate = gates[Math.floor(next() * gates.length)]!;
        q.gate(gate, [weights.at(layer, i)], qubits[Math.floor(next() * n)]!);
        i++;
      } else if (n > 1) {
        const a = Math.floor(next() * n);
        const b = Math.floor(next() * (n - 1));
        q.gate('CNOT', [], [qubits[a]!, qubits[b >= a ? b + 1 : b]!]);
      }
    }
  }
}

/** The numbers of a counter-based generator one by one; `first` gives any number of them from the start. */
function stream(first: (count: number) => Float64Array): () => number {
  let numbers = first(64);
  let position = 0;
  return () => {
    if (position === numbers.length) numbers = first(2 * numbers.length);
    return numbers[position++]!;
  };
}

/**
 * Shape of the weights of {@link randomLayers}: `[layers, rotations]`.
 *
 * @example
 * ```ts
 * import { randomLayersShape, weight } from '@ketwork/circuit';
 * console.log(weight('w', randomLayersShape(2, 8)).size); // 16
 * ```
 */
export function randomLayersShape(layers: number, rotations: number): readonly [number, number] {
  return [layers, rotations];
}
