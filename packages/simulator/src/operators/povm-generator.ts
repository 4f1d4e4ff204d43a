import { ValueError } from '@ketwork/base';
import { checkPart } from '../states/input.ts';
import { povmDensity, povmTraces } from '../states/povm.ts';
import type { Povm } from '../states/povm.ts';
import { applyLindbladian } from './lindbladian.ts';
import type { Lindbladian } from './lindbladian.ts';

/** A generator of probabilities that acts on some qubits only, see {@link sumGenerators}. */
export interface GeneratorBlock {
  /** The k qubits, first one most significant in the strings of outcomes. */
  readonly qubits: readonly number[];
  /** `[4^k, 4^k]`, row-major. */
  readonly matrix: ArrayLike<number>;
}

/** Largest number of qubits: 16.8 million numbers. */
const MAX_QUBITS = 6;

/**
 * A master equation in the probabilities of a POVM, dp_a/dt = Σ_b O_ab p_b with O_ab = tr(M_a 𝓛[N_b]) (Luo et al.,
 * arXiv:2009.05580). All numbers are real, and columns sum to 0. Up to 6 qubits; larger systems are sums of blocks.
 *
 * @param measurement POVM on each qubit.
 * @param generator from `lindbladian`.
 * @returns `[4^n, 4^n]`, row-major.
 * @throws ValueError where there are too many qubits.
 * @example
 * ```ts
 * import { lindbladian, povmGenerator, tetrahedralPovm } from '@ketwork/simulator';
 * const decay = lindbladian(1, { jumps: [{ matrix: [[0, 1], [0, 0]], qubits: [0] }] });
 * const o = povmGenerator(tetrahedralPovm(), decay);
 * console.log(o[0].toFixed(1), o[1].toFixed(1)); // -0.5 0.5
 * ```
 */
export function povmGenerator(measurement: Povm, generator: Lindbladian): Float64Array {
  const { qubits: n, dimension } = generator;
  checkSize('povmGenerator', n);
  const out = new Float64Array(dimension * dimension);
  const p = new Float64Array(dimension);
  for (let b = 0; b < dimension; b++) {
    p.fill(0);
    p[b] = 1;
    const image = applyLindbladian(generator, povmDensity(measurement, p));
    const column = povmTraces(measurement, image, n);
    for (let a = 0; a < dimension; a++) out[a * dimension + b] = column[a]!;
  }
  return out;
}

/**
 * Sum of generators that each act on some qubits, as bonds of a lattice do, as one matrix on all qubits.
 *
 * @param qubits n, at most 6.
 * @param blocks the parts.
 * @returns `[4^n, 4^n]`, row-major.
 * @throws ValueError where a block does not act on these qubits or has another size.
 * @example
 * ```ts
 * import { fourPauliPovm, lindbladian, povmGenerator, sumGenerators } from '@ketwork/simulator';
 * const decay = lindbladian(1, { jumps: [{ matrix: [[0, 1], [0, 0]], qubits: [0] }] });
 * const matrix = povmGenerator(fourPauliPovm(), decay);
 * const both = sumGenerators(2, [0, 1].map((q) => ({ qubits: [q], matrix })));
 * console.log(both.length); // 256
 * ```
 */
export function sumGenerators(qubits: number, blocks: readonly GeneratorBlock[]): Float64Array {
  checkSize('sumGenerators', qubits);
  const size = 4 ** qubits;
  const out = new Float64Array(size * size);
  blocks.forEach((block, k) => {
    checkPart(`sumGenerators: block ${k}`, block.qubits, qubits);
    const own = 4 ** block.qubits.length;
    if (block.matrix.length !== own * own) {
      throw new ValueError(
        `sumGenerators: block ${k} has ${block.matrix.length} numbers for ${block.qubits.length} qubits`,
        { remedy: `Give a ${own} × ${own} matrix, such as povmGenerator returns` },
      );
    }
    const weights = block.qubits.map((q) => 4 ** (qubits - 1 - q));
    /** Index of a string that has the digits of `digits` on the block's qubits, and 0 elsewhere. */
    const offset = (digits: number): number =>
      weights.reduce(
        (sum, weight, i) => sum + weight * (Math.floor(digits / 4 ** (weights.length - 1 - i)) % 4),
        0,
      );
    const offsets = Array.from({ length: own }, (_, digits) => offset(digits));
    for (let base = 0; base < size; base++) {
      if (weights.some((weight) => Math.floor(base / weight) % 4 !== 0)) continue;
      for (let a = 0; a < own; a++) {
        const row = (base + offsets[a]!) * size + base;
        for (let b = 0; b < own; b++) out[row + offsets[b]!]! += block.matrix[a * own + b]!;
      }
    }
  });
  return out;
}

function checkSize(name: string, qubits: number): void {
  if (!Number.isSafeInteger(qubits) || qubits < 1 || qubits > MAX_QUBITS) {
    throw new ValueError(`${name}: a dense matrix of strings of ${qubits} outcomes`, {
      remedy: `Use 1 to ${MAX_QUBITS} qubits, and blocks of few qubits for more`,
    });
  }
}
