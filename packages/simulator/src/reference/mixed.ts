import { channel, channelKraus } from '@ketwork/circuit';
import type { ChannelOp } from '@ketwork/circuit';
import { addScaled, applyMap } from './linear.ts';
import type { LinearMap } from './linear.ts';
import { angleOf, pauliSumMatrix } from './operations.ts';
import type { ConcreteOp, Example } from './operations.ts';

/*
 * Density matrices of n qubits, 2^n × 2^n complex numbers, row-major: ρ is read as a state of 2n qubits, of which the
 * first n number its rows and the last n its columns, so that maps act on rows and columns as they act on states.
 */

/** An unnormalised density matrix with its derivatives by slot elements; an element that is missing has derivative 0. */
export interface Mixed {
  readonly rho: Float64Array;
  readonly tangents: ReadonlyMap<number, Float64Array>;
}

/** |0…0⟩⟨0…0|. */
export function groundState(qubits: number): Mixed {
  const rho = new Float64Array(2 * 4 ** qubits);
  rho[0] = 1;
  return { rho, tangents: new Map() };
}

/** `A ρ B†`: A on the rows, the conjugate of B on the columns. */
function sandwich(
  rho: Float64Array,
  qubits: number,
  [a, elsewhere]: readonly [LinearMap, 'keep' | 'zero'],
  b: LinearMap,
): Float64Array {
  const onRows = applyMap(rho, 2 * qubits, a, elsewhere);
  return applyMap(onRows, 2 * qubits, onColumns(b, qubits), 'keep');
}

/** The complex conjugate of a map, on the columns. */
function onColumns({ targets, controls, form }: LinearMap, qubits: number): LinearMap {
  return {
    targets: targets.map((qubit) => qubit + qubits),
    controls: controls.map(({ qubit, value }) => ({ qubit: qubit + qubits, value })),
    form:
      'matrix' in form ? { matrix: conjugate(form.matrix) } : { column: conjugate(form.column) },
  };
}

function conjugate(numbers: ArrayLike<number>): Float64Array {
  return Float64Array.from(numbers, (x, i) => (i % 2 === 0 ? x : -x));
}

/** ρ†, the matrix with rows and columns exchanged and conjugated. */
function daggered(rho: Float64Array, qubits: number): Float64Array {
  const d = 2 ** qubits;
  return rho.map((_, i) => {
    const [row, column] = [(i >> 1) % d, Math.floor((i >> 1) / d)];
    const mirror = 2 * (row * d + column) + (i % 2);
    return i % 2 === 0 ? rho[mirror]! : -rho[mirror]!;
  });
}

/** Every matrix, ρ and its derivatives, through the same linear map of matrices. */
function through(mixed: Mixed, map: (rho: Float64Array) => Float64Array): Mixed {
  return {
    rho: map(mixed.rho),
    tangents: new Map([...mixed.tangents].map(([id, t]) => [id, map(t)])),
  };
}

/** Sum of two, with their derivatives. */
export function added(a: Mixed, b: Mixed): Mixed {
  const tangents = new Map(a.tangents);
  for (const [id, t] of b.tangents) {
    const before = tangents.get(id);
    tangents.set(id, before === undefined ? t : addScaled(before, t, 1));
  }
  return { rho: addScaled(a.rho, b.rho, 1), tangents };
}

/** Whether nothing is left, not even to first order. */
export function isNothing({ rho, tangents }: Mixed): boolean {
  return rho.every((x) => x === 0) && [...tangents.values()].every((t) => t.every((x) => x === 0));
}

/** `K ρ K†` for an operation of the circuit, and its derivative `dK ρ K† + (dK ρ K†)† + K dρ K†`. */
export function applyOperation(mixed: Mixed, qubits: number, { map, partials }: ConcreteOp): Mixed {
  const after = through(mixed, (rho) => sandwich(rho, qubits, [map, 'keep'], map));
  const tangents = new Map<number, Float64Array>();
  for (const [id, form] of partials) {
    const half = sandwich(mixed.rho, qubits, [{ ...map, form }, 'zero'], map);
    tangents.set(id, addScaled(half, daggered(half, qubits), 1));
  }
  return added(after, { rho: new Float64Array(after.rho.length), tangents });
}

/** `Σ K ρ K†` for constant matrices on some qubits. */
function applyKraus(
  mixed: Mixed,
  qubits: number,
  targets: readonly number[],
  kraus: readonly ArrayLike<number>[],
): Mixed {
  return through(mixed, (rho) =>
    kraus
      .map((matrix): LinearMap => ({ targets, controls: [], form: { matrix } }))
      .map((map) => sandwich(rho, qubits, [map, 'keep'], map))
      .reduce((sum, term) => addScaled(sum, term, 1)),
  );
}

/** The part of ρ in which a qubit has a value: `|v⟩⟨v| ρ |v⟩⟨v|`. */
export function projected(mixed: Mixed, qubits: number, qubit: number, value: 0 | 1): Mixed {
  const projector = value === 0 ? [1, 0, 0, 0, 0, 0, 0, 0] : [0, 0, 0, 0, 0, 0, 1, 0];
  return applyKraus(mixed, qubits, [qubit], [projector]);
}

/** A qubit put back to |0⟩: Kraus matrices |0⟩⟨0| and |0⟩⟨1|. */
export function resetQubit(mixed: Mixed, qubits: number, qubit: number): Mixed {
  return applyKraus(
    mixed,
    qubits,
    [qubit],
    [
      [1, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 1, 0, 0, 0, 0, 0],
    ],
  );
}

/**
 * A channel by its Kraus matrices. Their square roots may have no derivative where the channel has one, so derivatives by
 * its parameters are those of its Pauli transfer matrix T: `ρ ↦ Σ T[i, j] P_i tr(P_j ρ) / 2^k`.
 */
export function applyChannel(
  mixed: Mixed,
  qubits: number,
  op: ChannelOp,
  operation: number,
  example: Example,
  wanted: (id: number) => boolean,
): Mixed {
  const parameters = op.angles.map((angle) => angleOf(angle, operation, example).value);
  const after = applyKraus(mixed, qubits, op.qubits, channelKraus(op, parameters));
  if (op.kraus !== undefined) return after;
  const k = op.qubits.length;
  const d = 2 ** k;
  const slopes = new Map<number, Float64Array>();
  for (const { row, column, value } of channel(op.channel).transfer(op.angles, k)) {
    for (const [id, factor] of angleOf(value, operation, example).partials) {
      if (!wanted(id)) continue;
      if (!slopes.has(id)) slopes.set(id, new Float64Array(2 * d ** 4));
      addTransfer(slopes.get(id)!, pauliOf(row, k), pauliOf(column, k), factor / d);
    }
  }
  const targets = [...op.qubits, ...op.qubits.map((qubit) => qubit + qubits)];
  const tangents = new Map(
    [...slopes].map(([id, matrix]) => [
      id,
      applyMap(mixed.rho, 2 * qubits, { targets, controls: [], form: { matrix } }, 'keep'),
    ]),
  );
  return added(after, { rho: new Float64Array(after.rho.length), tangents });
}

/** Adds `factor · P tr(Q ·)` to a matrix that acts on rows and columns together. */
function addTransfer(sum: Float64Array, p: Float64Array, q: Float64Array, factor: number): void {
  const d = Math.sqrt(p.length / 2);
  for (let i = 0; i < d * d; i++) {
    for (let row = 0; row < d; row++) {
      for (let column = 0; column < d; column++) {
        // tr(Qρ) = Σ Q[column, row] ρ[row, column]
        const a = 2 * i;
        const b = 2 * (column * d + row);
        const at = 2 * (i * d * d + row * d + column);
        sum[at]! += factor * (p[a]! * q[b]! - p[a + 1]! * q[b + 1]!);
        sum[at + 1]! += factor * (p[a]! * q[b + 1]! + p[a + 1]! * q[b]!);
      }
    }
  }
}

/** The Pauli word of an index: letters I, X, Y, Z as digits 0 to 3, first qubit most significant. */
function pauliOf(index: number, k: number): Float64Array {
  const paulis = Array.from({ length: k }, (_, qubit) => ({
    qubit,
    pauli: 'IXYZ'[(index >> (2 * (k - 1 - qubit))) & 3] as 'X',
  })).filter(({ pauli }) => (pauli as string) !== 'I');
  return pauliSumMatrix(
    [{ coefficient: 1, paulis }],
    Array.from({ length: k }, (_, qubit) => qubit),
  );
}
