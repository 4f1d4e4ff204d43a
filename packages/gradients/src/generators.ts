import type { Control, EvolutionOp, GateOp, PauliTerm, Primitive } from '@ketwork/circuit';

type Letter = 'X' | 'Y' | 'Z';

/** Pauli strings smaller than this share of the largest are rounding and left out. */
const NEGLIGIBLE = 1e-14;

/**
 * A Hermitian matrix as a sum of Pauli strings, `c_P = Tr(P A) / 2^k`, without the identity and without zeros.
 *
 * @param matrix `2 · 4^k` numbers, row-major, interleaved re, im.
 * @param qubits the k qubits, the first one most significant.
 */
export function matrixTerms(matrix: ArrayLike<number>, qubits: readonly number[]): PauliTerm[] {
  const k = qubits.length;
  const d = 2 ** k;
  const found: PauliTerm[] = [];
  for (let x = 0; x < d; x++) {
    for (let z = 0; z < d; z++) {
      if (x === 0 && z === 0) continue;
      // P = i^|x∧z| X^x Z^z, so ⟨c⊕x|P|c⟩ = i^|x∧z| (-1)^|z∧c|, and only the real part of Tr(P A) is not zero.
      const quarters = ones(x & z) % 4;
      let sum = 0;
      for (let c = 0; c < d; c++) {
        const at = 2 * (c * d + (c ^ x));
        const re = matrix[at]!;
        const im = matrix[at + 1]!;
        const real = quarters === 0 ? re : quarters === 1 ? -im : quarters === 2 ? -re : im;
        sum += ones(z & c) % 2 === 0 ? real : -real;
      }
      const paulis = qubits.flatMap((qubit, i) => {
        const bit = 1 << (k - 1 - i);
        const letter = letterOf((x & bit) !== 0, (z & bit) !== 0);
        return letter === undefined ? [] : [{ qubit, pauli: letter }];
      });
      found.push({ coefficient: sum / d, paulis: paulis.sort((a, b) => a.qubit - b.qubit) });
    }
  }
  return significant(found);
}

function letterOf(x: boolean, z: boolean): Letter | undefined {
  if (x) return z ? 'Y' : 'X';
  return z ? 'Z' : undefined;
}

function ones(n: number): number {
  let count = 0;
  for (let rest = n; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function significant(terms: readonly PauliTerm[]): PauliTerm[] {
  const largest = terms.reduce((max, { coefficient }) => Math.max(max, Math.abs(coefficient)), 0);
  return terms.filter(({ coefficient }) => Math.abs(coefficient) > NEGLIGIBLE * largest);
}

/** Equal strings merged, the identity and zeros left out. */
export function mergedTerms(terms: readonly PauliTerm[]): PauliTerm[] {
  const found = new Map<string, PauliTerm>();
  for (const term of terms) {
    if (term.paulis.length === 0) continue;
    const name = term.paulis.map(({ qubit, pauli }) => `${pauli}${qubit}`).join(' ');
    const before = found.get(name)?.coefficient ?? 0;
    found.set(name, { ...term, coefficient: before + term.coefficient });
  }
  return significant([...found.values()]);
}

/**
 * A generator under controls as a sum of Pauli strings: each control of value v multiplies by `(1 + (-1)^v Z) / 2`.
 * An identity in `terms` counts, as it does not commute away under controls; the identity of the result is left out.
 */
export function controlledTerms(
  terms: readonly PauliTerm[],
  controls: readonly Control[],
): PauliTerm[] {
  let all = [...terms];
  for (const { qubit, value } of controls) {
    all = all.flatMap(({ coefficient, paulis }) => [
      { coefficient: coefficient / 2, paulis },
      {
        coefficient: value === 0 ? coefficient / 2 : -coefficient / 2,
        paulis: [...paulis, { qubit, pauli: 'Z' as const }].sort((a, b) => a.qubit - b.qubit),
      },
    ]);
  }
  return mergedTerms(all);
}

/** Generator G of a primitive that depends on its angle as `exp(-i angle G)`, without the identity; empty for a matrix. */
export function primitiveTerms(primitive: Primitive): PauliTerm[] {
  switch (primitive.type) {
    case 'rotation': {
      const paulis = primitive.qubits
        .map((qubit, i) => ({ qubit, pauli: primitive.word[i] as Letter }))
        .sort((a, b) => a.qubit - b.qubit);
      return controlledTerms([{ coefficient: 0.5, paulis }], primitive.controls);
    }
    case 'phase': {
      const own = primitive.qubits.map((qubit): Control => ({ qubit, value: 1 }));
      return controlledTerms([{ coefficient: -1, paulis: [] }], [...own, ...primitive.controls]);
    }
    case 'matrix':
      return [];
  }
}

/** A part of an evolution's exponent, A or B, as Pauli strings under the controls; undefined for a slot. */
export function evolutionTerms(
  op: Pick<EvolutionOp, 'qubits' | 'controls'>,
  generator: EvolutionOp['generator'],
): PauliTerm[] | undefined {
  if ('slot' in generator) return undefined;
  if ('terms' in generator) return controlledTerms(generator.terms, op.controls);
  const trace = traceOf(generator.matrix, 2 ** op.qubits.length);
  return controlledTerms(
    [
      ...matrixTerms(generator.matrix, op.qubits),
      ...(trace === 0 ? [] : [{ coefficient: trace, paulis: [] }]),
    ],
    op.controls,
  );
}

/** Mean of the diagonal: the coefficient of the identity. */
function traceOf(matrix: ArrayLike<number>, d: number): number {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += matrix[2 * (i * d + i)]!;
  return sum / d;
}

/** A primitive of a gate as an operation with one angle. */
export function primitiveOp(primitive: Exclude<Primitive, { type: 'matrix' }>): GateOp {
  const { type, qubits, angle, controls } = primitive;
  if (type === 'rotation') {
    return {
      type: 'gate',
      gate: 'PauliRot',
      qubits,
      angles: [angle],
      controls,
      word: primitive.word,
    };
  }
  const last = qubits.at(-1);
  if (last === undefined)
    return { type: 'gate', gate: 'GPhase', qubits: [], angles: [angle], controls };
  const more = qubits.slice(0, -1).map((qubit): Control => ({ qubit, value: 1 }));
  return {
    type: 'gate',
    gate: 'P',
    qubits: [last],
    angles: [angle],
    controls: [...more, ...controls],
  };
}
