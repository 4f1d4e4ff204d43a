import { bits, fold, integers, key, sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { samples } from '@ketwork/circuit';
import type { Circuit, Op, Slot } from '@ketwork/circuit';
import type { AsyncEngine, Engine, Values } from '../contract.ts';
import { readValues } from '../values.ts';
import type { SlotValues } from '../values.ts';

/** Options of {@link classicalShadow}. */
export interface ClassicalShadowOptions {
  /** Number of snapshots: shots, each in a random basis of its own. {@link shadowSize} says how many. */
  readonly snapshots: number;
  /** Seed of bases and shots, an integer from 0. Default 0. */
  readonly seed?: number;
}

/** Outcomes of measurements in random Pauli bases: plain data, from which observables are estimated afterwards. */
export interface ClassicalShadow {
  /** Number of qubits. */
  readonly qubits: number;
  /** Number of examples. */
  readonly batch: number;
  /** Number of snapshots of each example. */
  readonly snapshots: number;
  /** Basis of each qubit, 0 for X, 1 for Y, 2 for Z, the same for all examples: `[snapshots, qubits]`. */
  readonly bases: Uint8Array;
  /** Measured bits: `[batch, snapshots, qubits]`. */
  readonly outcomes: Uint8Array;
}

/** Rows that are run at once, about. */
const ROWS = 4096;

/**
 * A classical shadow of the state at the end of a circuit: shots in random Pauli bases, one for each qubit and snapshot
 * (Huang, Kueng and Preskill, Nature Physics 16, 1050, 2020, with random single-qubit Clifford gates). From one shadow, many
 * observables on few qubits can be estimated, chosen afterwards: see {@link shadowExpectation}. Bases come as a batch axis of
 * one program, so that the circuit is compiled once.
 *
 * @param engine any engine that draws samples, with or without noise.
 * @param circuit the circuit, without measurements.
 * @param values values of its slots, `[batch, ...shape]` for batch slots.
 * @param options number of snapshots, and the seed.
 * @returns the shadow; a promise from an engine that returns promises.
 * @throws ValueError for values that do not fit or a number of snapshots that is not a positive integer; UnsupportedError
 * where the engine cannot run or sample the circuit, or it has more than 30 qubits.
 * @example
 * ```ts
 * import { circuit, X, Z } from '@ketwork/circuit';
 * import { classicalShadow, cpu, shadowExpectation } from '@ketwork/simulator';
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * const shadow = classicalShadow(await cpu(), bell, {}, { snapshots: 4000, seed: 1 });
 * console.log(shadowExpectation(shadow, [Z(0).mul(Z(1)), X(0).mul(X(1)), Z(0)])); // about 1, 1, 0
 * ```
 */
export function classicalShadow<Names extends string>(
  engine: Engine,
  circuit: Circuit<Names>,
  values: Values<Names>,
  options: ClassicalShadowOptions,
): ClassicalShadow;
export function classicalShadow<Names extends string>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  values: Values<Names>,
  options: ClassicalShadowOptions,
): Promise<ClassicalShadow>;
export function classicalShadow<Names extends string>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  values: Values<Names>,
  options: ClassicalShadowOptions,
): ClassicalShadow | Promise<ClassicalShadow> {
  const { snapshots, seed = 0 } = options;
  if (!Number.isSafeInteger(snapshots) || snapshots < 1) {
    throw new ValueError(`a classical shadow of ${snapshots} snapshots`, {
      remedy: 'Use a positive integer; shadowSize() gives one',
    });
  }
  const { qubits } = circuit;
  if (qubits > 30) {
    throw new UnsupportedError(`a classical shadow of ${qubits} qubits`, {
      remedy: 'Use at most 30 qubits',
    });
  }
  const root = key(seed);
  const bases = Uint8Array.from(integers(fold(root, 0), snapshots * qubits, 3));
  const read = readValues(circuit, values);
  const plan = planRows(bases, qubits, snapshots);
  const turned = withBases(circuit);
  const rows: Rows = { bases, plan, qubits, snapshots, slots: circuit.slots, names: turned.names };
  const shadow = {
    qubits,
    batch: read.batch,
    snapshots,
    bases,
    outcomes: new Uint8Array(read.batch * snapshots * qubits),
  };
  const calls = callsOf(rows, read, root);
  if (engine.synchronous) {
    const program = engine.compile(turned.circuit, samples(plan.shots));
    for (const call of calls) {
      const { seed: own } = call;
      place(rows, call, program.run(call.values, { seed: own }), shadow.outcomes);
    }
    program.dispose();
    return shadow;
  }
  const program = engine.compile(turned.circuit, samples(plan.shots));
  return (async () => {
    for (const call of calls) {
      const { seed: own } = call;
      place(rows, call, await program.run(call.values, { seed: own }), shadow.outcomes);
    }
    program.dispose();
    return shadow;
  })();
}

/** Snapshots of equal bases are shots of one row. */
interface RowPlan {
  /** First snapshot of each row. */
  readonly first: readonly number[];
  /** Row and shot of each snapshot. */
  readonly row: Int32Array;
  readonly shot: Int32Array;
  /** Snapshots in the longest row. */
  readonly shots: number;
}

function planRows(bases: Uint8Array, qubits: number, snapshots: number): RowPlan {
  const known = new Map<string, number>();
  const first: number[] = [];
  const counts: number[] = [];
  const row = new Int32Array(snapshots);
  const shot = new Int32Array(snapshots);
  for (let s = 0; s < snapshots; s++) {
    const name = bases.subarray(s * qubits, (s + 1) * qubits).join('');
    let at = known.get(name);
    if (at === undefined) {
      at = first.length;
      known.set(name, at);
      first.push(s);
      counts.push(0);
    }
    row[s] = at;
    shot[s] = counts[at]!++;
  }
  return { first, row, shot, shots: counts.reduce((a, b) => Math.max(a, b), 0) };
}

/** The circuit with a turn about Y and one about X at the end of each qubit, whose angles are batch slots. */
function withBases(circuit: Circuit): {
  readonly circuit: Circuit;
  readonly names: [string, string];
} {
  const unused = (base: string): string => {
    let name = base;
    while (circuit.slots.some((slot) => slot.name === name)) name += "'";
    return name;
  };
  const names: [string, string] = [unused('basis x'), unused('basis y')];
  const added = names.map((name): Slot => ({
    name,
    shape: [circuit.qubits],
    kind: 'scalar',
    axis: 'batch',
    differentiable: false,
  }));
  const turns = Array.from({ length: circuit.qubits }, (_, qubit) =>
    names.map((slot, i): Op => ({
      type: 'gate',
      gate: i === 0 ? 'RY' : 'RX',
      qubits: [qubit],
      angles: [{ slot, index: qubit }],
      controls: [],
    })),
  ).flat();
  const made: Circuit = {
    ...circuit,
    slots: Object.freeze([...circuit.slots, ...added]),
    ops: Object.freeze([...circuit.ops, ...turns]),
  };
  return { circuit: Object.freeze(made), names };
}

interface Rows {
  readonly bases: Uint8Array;
  readonly plan: RowPlan;
  readonly qubits: number;
  readonly snapshots: number;
  readonly slots: readonly Slot[];
  readonly names: readonly [string, string];
}

/** One call of the program: consecutive rows of one example. */
interface Call {
  readonly example: number;
  readonly from: number;
  readonly to: number;
  readonly seed: number;
  readonly values: Record<string, Float64Array>;
}

function* callsOf(rows: Rows, read: SlotValues, root: Key): Generator<Call> {
  const { plan, qubits, bases, slots, names } = rows;
  let number = 1;
  for (let example = 0; example < read.batch; example++) {
    for (let from = 0; from < plan.first.length; from += ROWS) {
      const to = Math.min(plan.first.length, from + ROWS);
      const count = to - from;
      const values: Record<string, Float64Array> = {};
      for (const { name, axis, shape } of slots) {
        const all = read.get(name);
        if (axis === 'shared') {
          values[name] = all;
          continue;
        }
        const size = sizeOf(shape);
        const one = all.subarray(example * size, (example + 1) * size);
        const repeated = new Float64Array(count * size);
        for (let r = 0; r < count; r++) repeated.set(one, r * size);
        values[name] = repeated;
      }
      // RY(-π/2) takes the eigenstates of X to those of Z, RX(π/2) those of Y.
      const x = new Float64Array(count * qubits);
      const y = new Float64Array(count * qubits);
      for (let r = 0; r < count; r++) {
        for (let q = 0; q < qubits; q++) {
          const basis = bases[plan.first[from + r]! * qubits + q];
          if (basis === 0) x[r * qubits + q] = -Math.PI / 2;
          if (basis === 1) y[r * qubits + q] = Math.PI / 2;
        }
      }
      values[names[0]] = x;
      values[names[1]] = y;
      const [high, low] = bits(fold(root, number++), 2) as unknown as [number, number];
      yield { example, from, to, seed: (high & 0x1fffff) * 2 ** 32 + low, values };
    }
  }
}

/** Puts drawn bits where their snapshots are. */
function place(rows: Rows, call: Call, drawn: Uint8Array, outcomes: Uint8Array): void {
  const { plan, qubits, snapshots } = rows;
  for (let s = 0; s < snapshots; s++) {
    const row = plan.row[s]!;
    if (row < call.from || row >= call.to) continue;
    const from = ((row - call.from) * plan.shots + plan.shot[s]!) * qubits;
    outcomes.set(drawn.subarray(from, from + qubits), (call.example * snapshots + s) * qubits);
  }
}
