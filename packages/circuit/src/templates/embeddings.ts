import { SlotReference, angle } from '../angle.ts';
import type { AmplitudesLike, ComplexLike } from '../matrix-like.ts';
import type { SlotKind } from '../types.ts';
import { anglesOf, qubitsFor, rotationGateOf, templateError } from './target.ts';
import type { RotationAxis, TemplateAngles, TemplateTarget } from './target.ts';

/** Options of {@link angleEmbedding}. */
export interface AngleEmbeddingOptions {
  /** Axis of the rotations. Default `X`. */
  readonly rotation?: RotationAxis;
  /** Qubits, feature i on the i-th; all by default. */
  readonly qubits?: readonly number[];
}

/**
 * Feature i as the angle (radians) of a rotation of qubit i: one gate per feature. PennyLane's `AngleEmbedding`.
 *
 * @param x Shape `[features]`, at most one per qubit.
 * @throws CircuitError when there are more features than qubits.
 * @example
 * ```ts
 * import { angleEmbedding, circuit, draw, input } from '@ketwork/circuit';
 * console.log(draw(circuit(2, (q) => angleEmbedding(q, input('x', [2]), { rotation: 'Y' }))));
 * ```
 */
export function angleEmbedding(
  q: TemplateTarget,
  x: TemplateAngles,
  options: AngleEmbeddingOptions = {},
): void {
  const name = 'angleEmbedding';
  const qubits = qubitsFor(name, q, options.qubits);
  const features = anglesOf(
    name,
    'features',
    x,
    [{ atMost: qubits.length }],
    `angleEmbeddingShape(${qubits.length})`,
  );
  const gate = rotationGateOf(name, options.rotation ?? 'X');
  for (let i = 0; i < features.shape[0]!; i++) q.gate(gate, [features.at(i)], qubits[i]!);
}

/**
 * Shape of the features of {@link angleEmbedding} on that many qubits: `[qubits]`.
 *
 * @example
 * ```ts
 * import { angleEmbeddingShape, input } from '@ketwork/circuit';
 * console.log(input('x', angleEmbeddingShape(4)).shape); // [ 4 ]
 * ```
 */
export function angleEmbeddingShape(qubits: number): readonly [number] {
  return [qubits];
}

/** Options of {@link amplitudeEmbedding}. */
export interface AmplitudeEmbeddingOptions {
  /** Qubits, the first one most significant; all by default. */
  readonly qubits?: readonly number[];
  /** Divide by the norm; otherwise the norm must be 1. Default false. */
  readonly normalize?: boolean;
  /** Value put after given amplitudes until there are `2^qubits`; without it their number must fit. Not for slots. */
  readonly padWith?: number;
}

/**
 * Features as the amplitudes of a state of k qubits, on which nothing has acted yet. PennyLane's `AmplitudeEmbedding`.
 *
 * @param features A slot of kind `amplitudes` and shape `[2^k]` or `[2^k, 2]`, or up to `2^k` numbers or complex numbers,
 * or `2 · 2^k` interleaved re, im.
 * @throws CircuitError when the number of amplitudes does not fit; ValueError when the norm is not 1 (without `normalize`).
 * @example
 * ```ts
 * import { amplitudeEmbedding, amplitudes, circuit } from '@ketwork/circuit';
 * const image = circuit(4, (q) => amplitudeEmbedding(q, amplitudes('image', [16]), { normalize: true }));
 * console.log(image.ops[0]?.type); // statePreparation
 * ```
 */
export function amplitudeEmbedding(
  q: TemplateTarget,
  features: SlotReference<string, 'amplitudes'> | AmplitudesLike,
  options: AmplitudeEmbeddingOptions = {},
): void {
  const name = 'amplitudeEmbedding';
  const qubits = qubitsFor(name, q, options.qubits);
  const size = 2 ** qubits.length;
  const { normalize = false, padWith } = options;
  if (features instanceof SlotReference) {
    const kind: SlotKind = features.slot.kind;
    if (kind !== 'amplitudes') {
      throw templateError(
        name,
        `slot '${features.name}' holds ${kind} values`,
        `Make it with amplitudes('${features.name}', [${size}])`,
      );
    }
    if (features.shape[0] !== size) {
      throw templateError(
        name,
        `slot '${features.name}' has shape [${features.shape.join(', ')}] instead of [${size}] or [${size}, 2]`,
        padWith === undefined
          ? 'amplitudeEmbeddingShape(qubits) gives the shape'
          : 'padWith is for fixed amplitudes: pad the data of a slot',
      );
    }
    q.prepare(features, qubits, { normalize });
    return;
  }
  const list = Array.from(features as ArrayLike<number | ComplexLike>);
  const interleaved = list.length === 2 * size && list.every((value) => typeof value === 'number');
  const padded = padWith !== undefined && list.length < size;
  if (list.length !== size && !interleaved && !padded) {
    throw templateError(
      name,
      `${list.length} amplitudes were given for ${qubits.length} qubits, which have ${size}`,
      list.length < size
        ? 'Give that many, or a value for padWith'
        : 'Use more qubits or fewer amplitudes',
    );
  }
  const padding = padded ? Array<number>(size - list.length).fill(padWith) : [];
  q.prepare([...list, ...padding], qubits, { normalize });
}

/**
 * Shape of a slot of real amplitudes for {@link amplitudeEmbedding}: `[2^qubits]`.
 *
 * @example
 * ```ts
 * import { amplitudeEmbeddingShape, amplitudes } from '@ketwork/circuit';
 * console.log(amplitudes('a', amplitudeEmbeddingShape(3)).shape); // [ 8 ]
 * ```
 */
export function amplitudeEmbeddingShape(qubits: number): readonly [number] {
  return [2 ** qubits];
}

/**
 * Bit i as the basis state of qubit i. Given bits become X gates. The elements of a slot (or expressions), which must be
 * 0 or 1 when the circuit runs, become `RX(π·bit)` with the global phase `e^{iπ/2·bit}`, which together are X or nothing;
 * values in between are not checked and rotate the qubit partly. PennyLane's `BasisEmbedding`.
 *
 * @param bits Shape `[qubits]`.
 * @param qubits Qubits, all by default.
 * @throws CircuitError when the number of bits is wrong or a given bit is neither 0 nor 1.
 * @example
 * ```ts
 * import { basisEmbedding, circuit, input } from '@ketwork/circuit';
 * console.log(circuit(3, (q) => basisEmbedding(q, [1, 0, 1])).ops.length); // 2
 * console.log(circuit(3, (q) => basisEmbedding(q, input('bits', [3]))).ops.length); // 4
 * ```
 */
export function basisEmbedding(
  q: TemplateTarget,
  bits: TemplateAngles,
  qubits?: readonly number[],
): void {
  const name = 'basisEmbedding';
  const on = qubitsFor(name, q, qubits);
  const given = anglesOf(name, 'bits', bits, [on.length], `basisEmbeddingShape(${on.length})`);
  const values = on.map((_, i) => given.at(i));
  const wrong = values
    .filter((bit) => typeof bit === 'number')
    .find((bit) => bit !== 0 && bit !== 1);
  if (wrong !== undefined) throw templateError(name, `${wrong} is not a bit`, 'Give 0 or 1');
  const variable = values.filter((bit) => typeof bit !== 'number');
  values.forEach((bit, i) => {
    if (typeof bit !== 'number') q.gate('RX', [angle.mul(Math.PI, bit)], on[i]!);
    else if (bit === 1) q.gate('X', [], on[i]!);
  });
  const phases = variable.map((bit) => angle.mul(Math.PI / 2, bit));
  if (phases.length > 0) q.gate('GPhase', [angle.add(...phases)], []);
}

/**
 * Shape of the bits of {@link basisEmbedding}: `[qubits]`.
 *
 * @example
 * ```ts
 * import { basisEmbeddingShape, input } from '@ketwork/circuit';
 * console.log(input('bits', basisEmbeddingShape(4)).shape); // [ 4 ]
 * ```
 */
export function basisEmbeddingShape(qubits: number): readonly [number] {
  return [qubits];
}

/** Options of {@link iqpEmbedding}. */
export interface IqpEmbeddingOptions {
  /** How often the embedding is repeated, at least 1. Default 1. */
  readonly repeats?: number;
  /** Pairs of qubits that are coupled, in this order; all pairs by default. */
  readonly pattern?: readonly (readonly [number, number])[];
  /** Qubits, feature i on the i-th; all by default. */
  readonly qubits?: readonly number[];
}

/**
 * Features in the diagonal gates of an IQP circuit: on each qubit H and `RZ(x_i)`, then `RZZ(x_i·x_j)` on each pair of
 * the pattern; repeated. Havlíček et al., Nature 567, 209 (2019); PennyLane's `IQPEmbedding`.
 *
 * @param x Shape `[qubits]`, radians.
 * @throws CircuitError when the number of features differs from that of qubits, or a pair is not of those qubits.
 * @example
 * ```ts
 * import { circuit, draw, input, iqpEmbedding } from '@ketwork/circuit';
 * console.log(draw(circuit(3, (q) => iqpEmbedding(q, input('x', [3]), { pattern: [[0, 1], [1, 2]] }))));
 * ```
 */
export function iqpEmbedding(
  q: TemplateTarget,
  x: TemplateAngles,
  options: IqpEmbeddingOptions = {},
): void {
  const name = 'iqpEmbedding';
  const qubits = qubitsFor(name, q, options.qubits);
  const features = anglesOf(
    name,
    'features',
    x,
    [qubits.length],
    `iqpEmbeddingShape(${qubits.length})`,
  );
  const { repeats = 1 } = options;
  if (!Number.isSafeInteger(repeats) || repeats < 1) {
    throw templateError(
      name,
      `it cannot be repeated ${repeats} times`,
      'Use a positive integer for repeats',
    );
  }
  const pattern =
    options.pattern ?? qubits.flatMap((a, i) => qubits.slice(i + 1).map((b) => [a, b] as const));
  for (const [a, b] of pattern) {
    if (a === b || !qubits.includes(a) || !qubits.includes(b)) {
      throw templateError(
        name,
        `the pattern has the pair [${a}, ${b}]`,
        `Use pairs of the qubits ${qubits.join(', ')}`,
      );
    }
  }
  for (let repeat = 0; repeat < repeats; repeat++) {
    qubits.forEach((qubit, i) => {
      q.gate('H', [], qubit);
      q.gate('RZ', [features.at(i)], qubit);
    });
    for (const [a, b] of pattern) {
      q.gate(
        'RZZ',
        [angle.mul(features.at(qubits.indexOf(a)), features.at(qubits.indexOf(b)))],
        [a, b],
      );
    }
  }
}

/**
 * Shape of the features of {@link iqpEmbedding}: `[qubits]`.
 *
 * @example
 * ```ts
 * import { input, iqpEmbeddingShape } from '@ketwork/circuit';
 * console.log(input('x', iqpEmbeddingShape(4)).shape); // [ 4 ]
 * ```
 */
export function iqpEmbeddingShape(qubits: number): readonly [number] {
  return [qubits];
}
