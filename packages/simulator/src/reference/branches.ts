import type { BitCondition, Circuit, Op } from '@ketwork/circuit';
import {
  added,
  applyChannel,
  applyOperation,
  groundState,
  isNothing,
  projected,
  resetQubit,
} from './mixed.ts';
import type { Mixed } from './mixed.ts';
import { concrete } from './operations.ts';
import type { Example } from './operations.ts';

/**
 * What a circuit with measurements can be in: for each reached value of the classical bits (a string, bit 0 first) an
 * unnormalised density matrix, whose trace is the probability of these bits and of all post-selections so far.
 */
export type Branches = ReadonlyMap<string, Mixed>;

/** Runs all operations for one example. */
export function runBranches(
  circuit: Circuit,
  example: Example,
  wanted: (id: number) => boolean,
): Branches {
  const { qubits } = circuit;

  const runAll = (ops: readonly Op[], from: Branches, operation?: number): Branches =>
    ops.reduce((branches, op, i) => run(op, branches, operation ?? i), from);

  const run = (op: Op, branches: Branches, operation: number): Branches => {
    const each = (change: (mixed: Mixed) => Mixed): Branches =>
      new Map([...branches].map(([bits, mixed]) => [bits, change(mixed)]));
    switch (op.type) {
      case 'measure': {
        const outcomes = op.postselect === undefined ? ([0, 1] as const) : [op.postselect];
        return outcomes
          .map((value): Branches => {
            const parts = [...branches].map(([bits, mixed]): [string, Mixed] => [
              bits.slice(0, op.bit) + value + bits.slice(op.bit + 1),
              projected(mixed, qubits, op.qubit, value),
            ]);
            // Branches that differed in this bit only are one from now on.
            return parts.reduce((sum, part) => union(sum, new Map([part])), NONE);
          })
          .reduce(union);
      }
      case 'reset':
        return each((mixed) =>
          op.qubits.reduce((before, qubit) => resetQubit(before, qubits, qubit), mixed),
        );
      case 'channel':
        return each((mixed) => applyChannel(mixed, qubits, op, operation, example, wanted));
      case 'conditional': {
        if (op.repeat === undefined) {
          const [then, otherwise] = split(branches, op.condition);
          return union(
            runAll(op.then, then, operation),
            runAll(op.otherwise, otherwise, operation),
          );
        }
        let looping = branches;
        let done = NONE;
        for (let round = 0; round < op.repeat; round++) {
          const [on, off] = split(looping, op.condition);
          done = union(done, off);
          looping = runAll(op.then, on, operation);
        }
        return union(done, looping);
      }
      default: {
        const step = concrete(op, operation, example, wanted);
        return step === undefined ? branches : each((mixed) => applyOperation(mixed, qubits, step));
      }
    }
  };

  return runAll(circuit.ops, new Map([['0'.repeat(circuit.bits), groundState(qubits)]]));
}

const NONE: Branches = new Map();

/** The branches of two parts together, without those of which nothing is left. */
function union(a: Branches, b: Branches): Branches {
  const sum = new Map(a);
  for (const [bits, mixed] of b) {
    const before = sum.get(bits);
    sum.set(bits, before === undefined ? mixed : added(before, mixed));
  }
  return new Map([...sum].filter(([, mixed]) => !isNothing(mixed)));
}

/** Branches in which a condition holds, and those in which it does not. */
function split(branches: Branches, condition: BitCondition): readonly [Branches, Branches] {
  const holds = ([bits]: readonly [string, Mixed]): boolean =>
    condition.bits.reduce((number, bit, i) => number + Number(bits[bit]) * 2 ** i, 0) ===
    condition.value;
  const all = [...branches];
  return [new Map(all.filter(holds)), new Map(all.filter((branch) => !holds(branch)))];
}
