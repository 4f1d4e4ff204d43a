import { CircuitError, key, permutation, ValueError } from '@ketwork/base';
import { assembleCircuit, inverse, qubitsOf } from '@ketwork/circuit';
import type { ChannelOp, Circuit, ConditionalOp, Op } from '@ketwork/circuit';

/** Options of {@link foldGates}. */
export interface FoldGatesOptions {
  /** Which gates are folded once more than the others: the first ones, or a random choice. Default `left`. */
  readonly pick?: 'left' | 'random';
  /** Seed of the random choice, an integer from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

/** A gate with the channels right behind it on its qubits, its inverse with the same channels, or something else. */
type Unit =
  | { readonly type: 'gate'; readonly there: readonly Op[]; readonly back: readonly Op[] }
  | { readonly type: 'conditional'; readonly op: ConditionalOp }
  | { readonly type: 'other'; readonly op: Op };

/**
 * Gate folding: every gate G becomes G (G†G)^n, some of them with one more G†G, so that the circuit has about `scale` times
 * as many gates and, noise aside, does the same (Giurgica-Tiron, Hindy, LaRose, Mari and Zeng, arXiv:2005.10921). Gates,
 * unitary matrices and evolutions count as gates. Channels right behind a gate on its qubits belong to it and are repeated
 * with it; or attach noise afterwards, by `applyNoise`. Measurements, resets and other channels stay, and gates under
 * conditions are folded where they are.
 *
 * @param scale At least 1; {@link foldedScale} tells what is reached.
 * @throws ValueError for a scale below 1; CircuitError for a circuit without gates, or with a matrix that is not unitary.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { foldGates } from '@ketwork/noise';
 * const folded = foldGates(circuit(1, (q) => q.h(0).s(0)), 2);
 * console.log(folded.ops.map((op) => op.type === 'gate' && op.gate)); // [ 'H', 'H', 'H', 'S' ]
 * ```
 */
export function foldGates<Names extends string>(
  circuit: Circuit<Names>,
  scale: number,
  options: FoldGatesOptions = {},
): Circuit<Names> {
  const { pick = 'left', seed = 0 } = options;
  const { gates, rounds, further } = planned(circuit, scale);
  const once = new Set(
    pick === 'left'
      ? Array.from({ length: further }, (_, i) => i)
      : permutation(key(seed), gates).subarray(0, further),
  );
  let place = 0;
  const folded = (ops: readonly Op[]): Op[] =>
    unitsOf(circuit, ops).flatMap((unit): readonly Op[] => {
      if (unit.type === 'other') return [unit.op];
      if (unit.type === 'conditional')
        return [{ ...unit.op, then: folded(unit.op.then), otherwise: folded(unit.op.otherwise) }];
      const times = rounds + (once.has(place++) ? 1 : 0);
      const out = [...unit.there];
      for (let i = 0; i < times; i++) out.push(...unit.back, ...unit.there);
      return out;
    });
  return assembleCircuit({ ...circuit, ops: folded(circuit.ops) }) as Circuit<Names>;
}

/**
 * Circuit folding: the circuit U becomes U (U†U)^n and then L†L, with L its last gates, so that it has about `scale` times
 * as many gates and, noise aside, does the same (Giurgica-Tiron and others, arXiv:2005.10921). Preparations of states stay
 * in front. Channels right behind a gate on its qubits belong to it; other channels are repeated as they are.
 *
 * @param scale At least 1; {@link foldedScale} tells what is reached.
 * @throws ValueError for a scale below 1; CircuitError for a circuit without gates, with measurements, resets or
 * conditions, or with a matrix that is not unitary.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { foldCircuit } from '@ketwork/noise';
 * const folded = foldCircuit(circuit(1, (q) => q.h(0).s(0)), 2);
 * console.log(folded.ops.map((op) => op.type === 'gate' && op.gate)); // [ 'H', 'S', 'Sdg', 'S' ]
 * ```
 */
export function foldCircuit<Names extends string>(
  circuit: Circuit<Names>,
  scale: number,
): Circuit<Names> {
  const blocked = circuit.ops.findIndex(
    ({ type }) => type === 'measure' || type === 'reset' || type === 'conditional',
  );
  if (blocked >= 0) {
    throw new CircuitError(`a ${circuit.ops[blocked]!.type} cannot be undone`, {
      operation: blocked,
      remedy: 'Use foldGates',
    });
  }
  const { gates, rounds, further } = planned(circuit, scale);
  const first = circuit.ops.filter(({ type }) => type === 'statePreparation');
  const rest = circuit.ops.filter(({ type }) => type !== 'statePreparation');
  const units = unitsOf(circuit, rest);
  const forth = (list: readonly Unit[]): Op[] =>
    list.flatMap((unit) => (unit.type === 'gate' ? unit.there : [unit.op]));
  const back = (list: readonly Unit[]): Op[] =>
    list.toReversed().flatMap((unit) => (unit.type === 'gate' ? unit.back : [unit.op]));
  const ops = [...first, ...forth(units)];
  for (let i = 0; i < rounds; i++) ops.push(...back(units), ...forth(units));
  if (further > 0) {
    let seen = 0;
    const from = units.findIndex((unit) => unit.type === 'gate' && ++seen > gates - further);
    ops.push(...back(units.slice(from)), ...forth(units.slice(from)));
  }
  return assembleCircuit({ ...circuit, ops }) as Circuit<Names>;
}

/**
 * The scale that folding reaches: a circuit of d gates can have d + 2m of them, m being the integer next to
 * `d (scale - 1) / 2`. Both ways of folding reach the same.
 *
 * @returns `1 + 2m / d`.
 * @throws ValueError for a scale below 1; CircuitError for a circuit without gates.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { foldedScale } from '@ketwork/noise';
 * // Seven gates in place of three.
 * console.log(foldedScale(circuit(1, (q) => q.h(0).s(0).h(0)), 2).toFixed(3)); // 2.333
 * ```
 */
export function foldedScale(circuit: Circuit, scale: number): number {
  const { gates, rounds, further } = planned(circuit, scale);
  return 1 + (2 * (rounds * gates + further)) / gates;
}

/** How often all gates are folded, and how many of them once more. */
function planned(
  circuit: Circuit,
  scale: number,
): { readonly gates: number; readonly rounds: number; readonly further: number } {
  if (!(scale >= 1 && scale < Infinity)) {
    throw new ValueError(`${scale} is not a scale of noise`, {
      remedy: 'Use numbers from 1, such as 1, 2, 3',
    });
  }
  const count = (ops: readonly Op[]): number =>
    ops.reduce((sum, op) => {
      if (op.type === 'conditional') return sum + count(op.then) + count(op.otherwise);
      return sum + (isGate(op) ? 1 : 0);
    }, 0);
  const gates = count(circuit.ops);
  if (gates === 0) {
    throw new CircuitError('the circuit has no gates to fold', {
      remedy: 'Give one with gates, matrices or evolutions',
    });
  }
  const folds = Math.round((gates * (scale - 1)) / 2);
  return { gates, rounds: Math.floor(folds / gates), further: folds % gates };
}

function isGate(op: Op): boolean {
  return op.type === 'gate' || op.type === 'matrix' || op.type === 'evolution';
}

/** Gates with their channels and inverses, in order. */
function unitsOf(circuit: Circuit, ops: readonly Op[]): Unit[] {
  const blocked = ops.findIndex((op) => op.type === 'matrix' && !op.unitary);
  if (blocked >= 0) {
    throw new CircuitError('a matrix that is not unitary cannot be folded', {
      operation: blocked,
      remedy: 'Fold circuits of gates, unitary matrices and evolutions',
    });
  }
  const inverted = inverse({ ...circuit, ops: ops.filter(isGate) }).ops;
  const units: Unit[] = [];
  let left = inverted.length;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i]!;
    if (!isGate(op)) {
      units.push(op.type === 'conditional' ? { type: 'conditional', op } : { type: 'other', op });
      continue;
    }
    const own = qubitsOf(op);
    const noise: ChannelOp[] = [];
    for (let next = ops[i + 1]; next?.type === 'channel'; next = ops[i + 1]) {
      if (!next.qubits.every((qubit) => own.includes(qubit))) break;
      noise.push(next);
      i++;
    }
    units.push({ type: 'gate', there: [op, ...noise], back: [inverted[--left]!, ...noise] });
  }
  return units;
}
