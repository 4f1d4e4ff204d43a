/**
 * Circuits with evolutions that no kernel can do: under a matrix that comes with the data, with a drift, or under a Pauli
 * sum too large to diagonalise. They are cut at these evolutions; each part is a program of its own that begins with the state the part
 * before it ends with.
 */
import { UnsupportedError } from '@ketwork/base';
import { angleSlots } from '@ketwork/circuit';
import type { Angle, Circuit, EvolutionOp, Measurement, Op, Slot } from '@ketwork/circuit';
import { trustNorms } from '../../values.ts';
import { MAX_DIAGONALISED, termsCommute } from '../evolution.ts';

/** Most qubits of a matrix that is diagonalised in every run. */
const MAX_MATRIX = 10;

/** A stretch of a circuit without such evolutions, as a circuit of its own. */
export interface Part {
  readonly type: 'part';
  readonly circuit: Circuit;
  /** Slots of the whole circuit that it reads. */
  readonly slots: readonly Slot[];
  /** Slot that takes the state it begins with; absent in the first part. */
  readonly input?: string;
  /** Slot that no operation reads, which gives the part a batch of its own. */
  readonly filler?: string;
}

/** An evolution between two parts. */
export interface Apart {
  readonly type: 'evolution';
  readonly op: EvolutionOp;
  readonly operation: number;
}

/** Whether an evolution is done between parts of the circuit. */
function isApart(op: Op): op is EvolutionOp {
  if (op.type !== 'evolution') return false;
  const { generator, qubits, drift } = op;
  if ('slot' in generator || drift !== undefined) return true;
  if ('terms' in generator && termsCommute(generator.terms)) return false;
  return qubits.length > MAX_DIAGONALISED;
}

/** Whether a circuit has to be cut. */
export const needsCuts = (circuit: Circuit): boolean => circuit.ops.some(isApart);

/**
 * The parts of a circuit and the evolutions between them, the last one being a part, with the measurements.
 *
 * @throws UnsupportedError for matrices that are too large.
 */
export function splitCircuit(
  circuit: Circuit,
  measurements: readonly Measurement[],
): (Part | Apart)[] {
  const preparations: Op[] = [];
  const stretches: (Op[] | Apart)[] = [[]];
  circuit.ops.forEach((op, operation) => {
    if (isApart(op)) {
      checkSize(op, operation);
      stretches.push({ type: 'evolution', op, operation }, []);
      return;
    }
    // Of qubits on which nothing acts before, so that it may as well come first.
    if (op.type === 'statePreparation') preparations.push(op);
    else (stretches.at(-1) as Op[]).push(op);
  });
  (stretches[0] as Op[]).unshift(...preparations);
  const isBatched = circuit.slots.some(({ axis }) => axis === 'batch');
  return stretches.flatMap((stretch, i): (Part | Apart)[] => {
    if (!Array.isArray(stretch)) return [stretch];
    const isFirst = i === 0;
    const isLast = i === stretches.length - 1;
    if (stretch.length === 0 && !isFirst && !isLast) return [];
    return [partOf(circuit, stretch, isLast ? measurements : [], isFirst, isBatched)];
  });
}

function partOf(
  circuit: Circuit,
  ops: readonly Op[],
  measurements: readonly Measurement[],
  isFirst: boolean,
  isBatched: boolean,
): Part {
  const names = new Set(ops.flatMap(slotsOf));
  for (const m of measurements) {
    if (m.type !== 'expval' && m.type !== 'variance') continue;
    for (const o of m.observables)
      if (o.type === 'hermitian' && 'slot' in o.matrix) names.add(o.matrix.slot);
  }
  const slots = circuit.slots.filter(({ name }) => names.has(name));
  if (isFirst) {
    if (!isBatched || slots.some(({ axis }) => axis === 'batch'))
      return { type: 'part', circuit: withParts(circuit, slots, ops), slots };
    const filler: Slot = {
      name: unusedName('batch', circuit),
      shape: [],
      kind: 'scalar',
      axis: 'batch',
      differentiable: false,
    };
    const made = withParts(circuit, [...slots, filler], ops);
    return { type: 'part', circuit: made, slots, filler: filler.name };
  }
  const input: Slot = {
    name: unusedName('state', circuit),
    shape: [2 ** circuit.qubits, 2],
    kind: 'amplitudes',
    axis: isBatched ? 'batch' : 'shared',
    differentiable: true,
  };
  const preparation: Op = {
    type: 'statePreparation',
    qubits: Array.from({ length: circuit.qubits }, (_, q) => q),
    amplitudes: { slot: input.name },
    // As it is: derivatives along the state matter to amplitudes that are not normalised.
    normalize: false,
  };
  const made = withParts(circuit, [...slots, input], [preparation, ...ops]);
  return { type: 'part', circuit: trustNorms(made), slots, input: input.name };
}

const withParts = (circuit: Circuit, slots: readonly Slot[], ops: readonly Op[]): Circuit =>
  Object.freeze({ ...circuit, slots: Object.freeze(slots), ops: Object.freeze(ops) });

function unusedName(base: string, circuit: Circuit): string {
  let name = `${base} of a part`;
  while (circuit.slots.some((slot) => slot.name === name)) name += "'";
  return name;
}

function slotsOf(op: Op): string[] {
  const names = (angle: Angle): string[] => angleSlots(angle).map(({ slot }) => slot);
  switch (op.type) {
    case 'gate':
    case 'channel':
      return op.angles.flatMap(names);
    case 'evolution':
      return [
        ...names(op.time),
        ...(op.drift === undefined ? [] : names(op.drift.time)),
        ...('slot' in op.generator ? [op.generator.slot] : []),
      ];
    case 'statePreparation':
      return 'slot' in op.amplitudes ? [op.amplitudes.slot] : [];
    case 'conditional':
      return [...op.then, ...op.otherwise].flatMap(slotsOf);
    default:
      return [];
  }
}

function checkSize(op: EvolutionOp, operation: number): void {
  if (op.qubits.length <= MAX_MATRIX) return;
  if ('terms' in op.generator && op.drift === undefined) return;
  const what = op.drift === undefined ? 'the matrix of an evolution' : 'an evolution with a drift';
  throw new UnsupportedError(`${what} acts on ${op.qubits.length} qubits`, {
    operation,
    remedy: `The CPU engine diagonalises up to ${MAX_MATRIX} qubits; give a sum of Pauli strings instead, or use trotter()`,
  });
}
