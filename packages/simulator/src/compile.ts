import { CircuitError, hint, sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import { requireCircuit } from '@ketwork/circuit';
import type {
  Circuit,
  Measurement,
  Observable,
  Op,
  PauliTerm,
  QubitsAndBits,
  Slot,
} from '@ketwork/circuit';
import type { Capabilities, CompileOptions, Measurements } from './contract.ts';
import { checkPure } from './postselection.ts';

/** What {@link checkProgram} found: the measurements as a list and what each returns. */
export interface CheckedProgram {
  /** The measurements, always as a list. */
  readonly measurements: readonly Measurement[];
  /** Whether results are returned bare (one measurement) instead of as a list. */
  readonly single: boolean;
  /** Shape of each measurement's result without the batch axis, see {@link outputShapes}. */
  readonly outputShapes: readonly (readonly number[])[];
  /** Numbers per example of each measurement: the product of its shape. */
  readonly outputSizes: readonly number[];
}

const REMEDIES: Partial<Record<Op['type'], string>> = {
  channel:
    "Remove the channel, or use an engine whose capabilities list 'channel' (density matrix or trajectories)",
  measure:
    "Ask for samples(), counts() or probabilities() after the circuit, or use an engine whose capabilities list 'measure'",
  reset: "Start a fresh qubit instead, or use an engine whose capabilities list 'reset'",
  conditional:
    "Use controlled gates instead, or use an engine whose capabilities list 'conditional'",
};

/**
 * Shape of each measurement's result without the batch axis: `[observables]` for expval and variance, `[2^k]` for
 * probabilities of k qubits or bits, `[2^k, 2^k, 2]` for the density operator, `[]` for the success probability, `[2^n, 2]` for state, `[shots, k]` for samples
 * and `[]` for counts (one record per example).
 *
 * @example
 * ```ts
 * import { circuit, probabilities } from '@ketwork/circuit';
 * import { outputShapes } from '@ketwork/simulator';
 * const pair = circuit(2, (q) => { q.h(0); });
 * console.log(outputShapes(pair, probabilities())); // [[4]]
 * ```
 */
export function outputShapes(circuit: Circuit, measurements: Measurements): number[][] {
  return measurementList(measurements).map((m) => {
    switch (m.type) {
      case 'expval':
      case 'variance':
        return [m.observables.length];
      case 'probabilities':
        return [2 ** wiresRead(m, circuit.qubits).length];
      case 'densityOperator': {
        const d = 2 ** wiresRead(m, circuit.qubits).length;
        return [d, d, 2];
      }
      case 'successProbability':
        return [];
      case 'state':
        return [2 ** circuit.qubits, 2];
      case 'samples':
        return [m.shots, wiresRead(m, circuit.qubits).length];
      case 'counts':
        return [];
    }
  });
}

/** What a measurement reads, in its order: qubits by their number, classical bit b as number `qubits + b`. */
export function wiresRead(read: QubitsAndBits, qubits: number): number[] {
  const bits = (read.bits ?? []).map((bit) => qubits + bit);
  if (read.qubits !== undefined) return [...read.qubits, ...bits];
  return read.bits === undefined ? Array.from({ length: qubits }, (_, qubit) => qubit) : bits;
}

/** The measurements as a list, whether one or several were given. */
export function measurementList(measurements: Measurements): readonly Measurement[] {
  return isList(measurements) ? measurements : [measurements];
}

function isList(measurements: Measurements): measurements is readonly Measurement[] {
  return Array.isArray(measurements);
}

/**
 * The checks every engine makes before it compiles: that the engine runs the circuit's operations and gates, computes
 * each measurement in the way asked for (exactly or from shots), and that observables and shot numbers make sense.
 * Angles, matrices and states of the circuit itself are checked where the circuit is built or read.
 *
 * @throws CircuitError for an observable or measurement that is not well formed; ValueError for a shot number that is not a
 * positive integer; UnsupportedError for what the engine lacks, naming the operation's index and the alternatives.
 *
 * @example
 * ```ts
 * import { circuit, expval, Z } from '@ketwork/circuit';
 * import { checkProgram, reference } from '@ketwork/simulator';
 * const flip = circuit(1, (q) => { q.x(0); });
 * console.log(checkProgram(flip, expval(Z(0)), {}, reference().capabilities).outputSizes); // [1]
 * ```
 */
export function checkProgram(
  circuit: Circuit,
  measurements: Measurements,
  options: CompileOptions,
  capabilities: Capabilities,
): CheckedProgram {
  requireCircuit(circuit);
  if (circuit.qubits > capabilities.maxQubits) {
    throw new UnsupportedError(
      `the circuit has ${circuit.qubits} qubits; engine '${capabilities.engine}' takes at most ${capabilities.maxQubits}`,
      { remedy: 'Use fewer qubits or an engine with a higher maxQubits' },
    );
  }
  circuit.ops.forEach((op, index) => checkOp(op, index, capabilities));
  if (options.shots !== undefined) checkShots(options.shots, 'shots');
  const list = measurementList(measurements);
  if (list.length === 0) {
    throw new CircuitError('the list of measurements is empty', {
      remedy: 'Name at least one measurement',
    });
  }
  list.forEach((m, i) => {
    const where = list.length === 1 ? '' : `measurement ${i}: `;
    checkMeasurement(circuit, m, where, options, capabilities);
  });
  const shapes = outputShapes(circuit, list);
  return {
    measurements: list,
    single: !isList(measurements),
    outputShapes: shapes,
    outputSizes: shapes.map(sizeOf),
  };
}

function checkOp(op: Op, operation: number, capabilities: Capabilities): void {
  const { engine } = capabilities;
  if (!capabilities.ops.includes(op.type)) {
    throw new UnsupportedError(
      `engine '${engine}' cannot run operations of type '${op.type}'; it runs ${capabilities.ops.join(', ')}`,
      {
        operation,
        remedy: REMEDIES[op.type] ?? `Use an engine whose capabilities list '${op.type}'`,
      },
    );
  }
  if (op.type === 'gate' && capabilities.gates !== 'all' && !capabilities.gates.includes(op.gate)) {
    throw new UnsupportedError(`engine '${engine}' lacks the gate '${op.gate}'`, {
      operation,
      remedy: `Write it with ${capabilities.gates.join(', ')}, or use an engine that has it`,
    });
  }
  if (op.type === 'evolution' && op.drift !== undefined && capabilities.evolutionDrift !== true) {
    throw new UnsupportedError(`engine '${engine}' cannot run an evolution with a drift`, {
      operation,
      remedy:
        'Split it into short evolutions under one part after the other, or use an engine whose capabilities state evolutionDrift, such as reference()',
    });
  }
  if (op.type === 'conditional') {
    for (const inner of op.then) checkOp(inner, operation, capabilities);
    for (const inner of op.otherwise) checkOp(inner, operation, capabilities);
  }
}

/** Whether a measurement is drawn or estimated from shots. */
export function isSampled(m: Measurement, options: CompileOptions): boolean {
  return m.type === 'samples' || m.type === 'counts' || options.shots !== undefined;
}

function checkShots(shots: unknown, what: string): void {
  if (typeof shots !== 'number' || !Number.isInteger(shots) || shots < 1 || shots > 0xffffffff) {
    throw new ValueError(`${what} is ${String(shots)}`, {
      remedy: 'Give a whole number of shots from 1 to 4294967295',
    });
  }
}

function checkMeasurement(
  circuit: Circuit,
  m: Measurement,
  where: string,
  options: CompileOptions,
  capabilities: Capabilities,
): void {
  const { engine } = capabilities;
  const given = m as unknown;
  if (typeof given !== 'object' || given === null) {
    throw new CircuitError(
      `${where}${given === null ? 'null' : `a value of type ${typeof given}`} is not a measurement`,
      {
        remedy: 'Give expval(Z(0)), probabilities(), state(), counts(1000) or the like',
      },
    );
  }
  switch (m.type) {
    case 'expval':
    case 'variance':
      if (m.observables.length === 0) {
        throw new CircuitError(`${where}${m.type} has no observables`, {
          remedy: 'Name at least one, such as Z(0)',
        });
      }
      m.observables.forEach((o, i) => checkObservable(circuit, o, `${where}observable ${i}`));
      break;
    case 'probabilities':
      checkRead(circuit, m, `${where}probabilities`, capabilities);
      break;
    case 'densityOperator':
      if (m.qubits !== undefined) checkQubits(circuit, m.qubits, `${where}densityOperator`);
      break;
    case 'successProbability':
    case 'state':
      break;
    case 'samples':
    case 'counts':
      checkShots(m.shots, `${where}the number of shots of ${m.type}`);
      checkRead(circuit, m, `${where}${m.type}`, capabilities);
      break;
    default:
      throw new CircuitError(
        `${where}the measurement has the unknown type '${String((m as { type?: unknown }).type)}'`,
        {
          remedy: ['pauli', 'hermitian', 'projector'].includes(
            String((m as { type?: unknown }).type),
          )
            ? 'An observable is measured by expval(…) or variance(…)'
            : 'Use expval, variance, probabilities, densityOperator, successProbability, state, samples or counts',
        },
      );
  }
  if ((m.type === 'state' || m.type === 'densityOperator') && options.shots !== undefined) {
    throw new UnsupportedError(`${where}a state cannot be estimated from shots`, {
      remedy: 'Compile it without shots, or ask for samples, counts or probabilities',
    });
  }
  if (m.type === 'state') checkPure(circuit, where);
  const sampled = isSampled(m, options);
  const able = sampled ? capabilities.shots : capabilities.analytic;
  if (!able.includes(m.type)) {
    const how = sampled ? 'from shots' : 'exactly';
    const other = sampled ? capabilities.analytic : capabilities.shots;
    const instead = other.includes(m.type)
      ? sampled
        ? 'Compile without shots'
        : 'Compile with { shots }'
      : `It gives ${able.length === 0 ? 'nothing' : able.join(', ')} ${how}`;
    throw new UnsupportedError(`${where}engine '${engine}' cannot compute ${m.type} ${how}`, {
      remedy: instead,
    });
  }
}

/** Checks the qubits and classical bits that a measurement reads. */
function checkRead(
  circuit: Circuit,
  { qubits, bits }: QubitsAndBits,
  where: string,
  capabilities: Capabilities,
): void {
  if (qubits !== undefined) checkQubits(circuit, qubits, where);
  if (bits === undefined) return;
  if (bits.length === 0) {
    throw new CircuitError(`${where} names no bits`, {
      remedy: 'Name at least one classical bit, or leave the list out',
    });
  }
  for (const [i, bit] of bits.entries()) {
    if (!Number.isInteger(bit) || bit < 0 || bit >= circuit.bits) {
      throw new CircuitError(
        `${where} reads classical bit ${bit}, which the circuit does not have`,
        {
          remedy:
            circuit.bits === 0
              ? 'Measure qubits into classical bits with measure(qubit, bit), or read qubits'
              : `Use bits 0 to ${circuit.bits - 1}`,
        },
      );
    }
    if (bits.indexOf(bit) !== i)
      throw new CircuitError(`${where} names bit ${bit} twice`, { remedy: 'Name each bit once' });
  }
  if (capabilities.bits !== true) {
    throw new UnsupportedError(
      `${where}: engine '${capabilities.engine}' does not read classical bits`,
      { remedy: 'Read qubits, or use an engine whose capabilities have bits: true' },
    );
  }
}

function checkQubits(circuit: Circuit, qubits: readonly number[], where: string): void {
  if (qubits.length === 0) {
    throw new CircuitError(`${where} names no qubits`, {
      remedy: 'Leave the list out to measure all qubits',
    });
  }
  const seen = new Set<number>();
  for (const q of qubits) {
    if (!Number.isInteger(q) || q < 0 || q >= circuit.qubits) {
      throw new CircuitError(`${where} uses qubit ${q}, which the circuit does not have`, {
        remedy: circuit.qubits === 1 ? 'Use qubit 0' : `Use qubits 0 to ${circuit.qubits - 1}`,
      });
    }
    if (seen.has(q)) {
      throw new CircuitError(`${where} names qubit ${q} twice`, { remedy: 'Name each qubit once' });
    }
    seen.add(q);
  }
}

function checkObservable(circuit: Circuit, o: Observable, where: string): void {
  switch (o.type) {
    case 'pauli':
      for (const term of o.terms) checkTerm(circuit, term, where);
      return;
    case 'projector':
      checkQubits(circuit, o.qubits, where);
      if (o.bits.length !== o.qubits.length || o.bits.some((b) => b !== 0 && b !== 1)) {
        throw new CircuitError(
          `${where}: a projector on ${o.qubits.length} qubits has the bits [${o.bits.join(', ')}]`,
          {
            remedy: 'Give one bit, 0 or 1, per qubit',
          },
        );
      }
      return;
    case 'hermitian': {
      checkQubits(circuit, o.qubits, where);
      const d = 2 ** o.qubits.length;
      if (!Array.isArray(o.matrix) && 'slot' in o.matrix) {
        checkHermitianSlot(circuit, o.matrix.slot, d, where);
        return;
      }
      const matrix = o.matrix as readonly number[];
      if (matrix.length !== 2 * d * d) {
        throw new CircuitError(
          `${where}: the matrix has ${matrix.length} numbers; ${o.qubits.length} qubits need ${2 * d * d}`,
          {
            remedy: `Give ${d} x ${d} entries, row by row, interleaved re, im`,
          },
        );
      }
      const fault = hermitianFault(matrix, 0, d);
      if (fault !== undefined) {
        throw new CircuitError(`${where}: ${fault}`, {
          remedy: 'An observable is a Hermitian matrix with finite entries',
        });
      }
      return;
    }
    default:
      throw new CircuitError(
        `${where} has the unknown type '${String((o as { type?: unknown }).type)}'`,
        {
          remedy: 'Use a Pauli sum, a Hermitian matrix or a projector',
        },
      );
  }
}

function checkTerm(circuit: Circuit, term: PauliTerm, where: string): void {
  if (!Number.isFinite(term.coefficient)) {
    throw new CircuitError(`${where}: a coefficient is ${term.coefficient}`, {
      remedy: 'Coefficients are finite real numbers',
    });
  }
  if (term.paulis.length > 0)
    checkQubits(
      circuit,
      term.paulis.map((p) => p.qubit),
      where,
    );
  for (const p of term.paulis) {
    if (p.pauli !== 'X' && p.pauli !== 'Y' && p.pauli !== 'Z') {
      throw new CircuitError(`${where}: '${String(p.pauli)}' is no Pauli matrix`, {
        remedy: 'Use X, Y or Z',
      });
    }
  }
}

function checkHermitianSlot(circuit: Circuit, name: string, d: number, where: string): void {
  const slot = circuit.slots.find((s) => s.name === name);
  if (slot === undefined) {
    throw new CircuitError(
      `${where}: the circuit has no slot '${name}'${hint(
        name,
        circuit.slots.map((s) => s.name),
      )}`,
      {
        remedy: 'Declare it in the circuit as a slot of kind hermitian',
      },
    );
  }
  if (slot.kind !== 'hermitian') {
    throw new CircuitError(`${where}: slot '${name}' is of kind ${slot.kind}`, {
      remedy: 'A matrix needs a slot of kind hermitian',
    });
  }
  if (
    slot.shape.length !== 3 ||
    slot.shape[0] !== d ||
    slot.shape[1] !== d ||
    slot.shape[2] !== 2
  ) {
    throw new CircuitError(`${where}: slot '${name}' has shape [${slot.shape.join(', ')}]`, {
      remedy: `These qubits need shape [${d}, ${d}, 2]`,
    });
  }
}

/**
 * What is wrong with a matrix that should be Hermitian (row-major, interleaved re, im, starting at `offset`), in words,
 * or undefined. Entries may differ from their mirror's conjugate by 1e-8 of the largest one.
 */
export function hermitianFault(
  matrix: ArrayLike<number>,
  offset: number,
  d: number,
): string | undefined {
  let largest = 0;
  for (let i = 0; i < 2 * d * d; i++) {
    const x = Math.abs(matrix[offset + i]!);
    if (!Number.isFinite(x)) return `entry ${i >> 1} of the matrix is not finite`;
    if (x > largest) largest = x;
  }
  const tolerance = 1e-8 * Math.max(1, largest);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c <= r; c++) {
      const a = offset + 2 * (r * d + c);
      const b = offset + 2 * (c * d + r);
      const off = Math.hypot(matrix[a]! - matrix[b]!, matrix[a + 1]! + matrix[b + 1]!);
      if (off > tolerance)
        return `the matrix is not Hermitian at row ${r}, column ${c} (off by ${off.toExponential(1)})`;
    }
  }
  return undefined;
}

/**
 * The slots to differentiate with respect to: those named by `wrt`, in its order, or all differentiable ones.
 *
 * @throws ValueError for a name the circuit does not have, a name given twice, or a slot that is not differentiable.
 *
 * @example
 * ```ts
 * import { circuit, weight } from '@ketwork/circuit';
 * import { readWrt } from '@ketwork/simulator';
 * const turn = circuit(1, (q) => { q.rx(weight('a', []).at(), 0); });
 * console.log(readWrt(turn).map((slot) => slot.name)); // ['a']
 * ```
 */
export function readWrt(circuit: Circuit, wrt?: readonly string[]): Slot[] {
  if (wrt === undefined) return circuit.slots.filter((s) => s.differentiable);
  if (!Array.isArray(wrt)) {
    throw new ValueError('wrt is not a list', {
      remedy: `Give slot names in a list, such as ['${circuit.slots[0]?.name ?? 'w'}']`,
    });
  }
  return wrt.map((name, i) => {
    const slot = circuit.slots.find((s) => s.name === name);
    if (slot === undefined) {
      const names = circuit.slots.map((s) => s.name);
      throw new ValueError(
        `wrt names '${name}', which is no slot of the circuit${hint(name, names)}`,
        {
          remedy:
            names.length === 0 ? 'The circuit has no slots' : `Its slots are ${names.join(', ')}`,
        },
      );
    }
    if (!slot.differentiable) {
      throw new ValueError(`wrt names '${name}', which is declared as not differentiable`, {
        remedy: 'Leave it out of wrt or declare the slot with differentiable: true',
      });
    }
    if (wrt.indexOf(name) !== i) {
      throw new ValueError(`wrt names '${name}' twice`, { remedy: 'Name each slot once' });
    }
    return slot;
  });
}
