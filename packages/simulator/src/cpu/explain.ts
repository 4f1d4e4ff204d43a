import type { Circuit, Measurement } from '@ketwork/circuit';
import type { CompileOptions, ExplainedPass, Explanation } from '../contract.ts';
import { coefficientsOf } from './element.ts';
import type { Executor } from './executor.ts';
import type { Lowered } from './lower.ts';

/** Says how the engine runs a program, in words and as data. */
export function explainProgram(
  circuit: Circuit,
  lowered: Lowered,
  executor: Executor,
  passes: readonly ExplainedPass[],
): Explanation {
  const { built, bytes, blocks, packed } = executor;
  const { qubits } = circuit;
  const elements = [...lowered.prefix, ...lowered.elements];
  const tables = built.tables.length;
  const merged = built.tables.reduce(
    (sum, table) => sum + new Set(coefficientsOf(table).map(({ node }) => node)).size,
    0,
  );
  const lanes = packed
    ? 'one example, its last qubit in the lanes'
    : `${executor.lanes === 2 ? 'two' : 'four'} examples per vector`;
  const tabled =
    tables === 0 ? '' : `, ${several(merged, 'phase')} merged into ${several(tables, 'table')}`;
  const calls = packed || blocks === 1 ? '' : `; ${blocks * executor.lanes} examples per call`;
  return {
    text:
      `cpu: ${several(qubits, 'qubit')}${executor.lanes === 2 ? '' : ' in single precision'}, ${lanes}; ` +
      `${several(circuit.ops.length, 'operation')} as written, ${elements.length} after the compiler's passes${tabled}, ` +
      `in ${several(built.groups, 'group')} (${several(built.kernels, 'kernel')}), ${count(built.flops)} operations on numbers per example` +
      `${calls}; ${(bytes / 1024).toFixed(0)} KiB.`,
    details: {
      engine: 'cpu',
      regime: packed ? 'single state' : 'batched',
      precision: executor.lanes === 2 ? 'f64' : 'f32',
      qubits,
      operations: circuit.ops.length,
      elements: elements.length,
      tables,
      groups: built.groups,
      kernels: built.kernels,
      codeBytes: built.linked.codeBytes,
      flops: built.flops,
      moved: built.moved,
      bytes,
      blocksPerCall: blocks,
    },
    passes,
    stages: [
      {
        qubits: Array.from({ length: qubits }, (_, qubit) => qubit),
        elements: elements.length,
        groups: built.groups,
        renamed: 0,
        flops: built.flops,
        bytes: built.moved,
      },
    ],
  };
}

/** A number of things: one stage, three stages. */
export const several = (amount: number, thing: string): string =>
  `${amount} ${thing}${amount === 1 ? '' : 's'}`;

/** A large number in words people read: 1.2 million. */
export function count(amount: number): string {
  if (amount >= 1e9) return `${(amount / 1e9).toFixed(1)} billion`;
  return amount >= 1e6 ? `${(amount / 1e6).toFixed(1)} million` : amount.toLocaleString('en');
}

/** Says how a program that draws shots is run: probabilities first, exactly, in one or more measurement settings. */
export function explainShots(
  circuit: Circuit,
  measurements: readonly Measurement[],
  options: CompileOptions,
): Explanation {
  const own = measurements.map((m) => ('shots' in m ? m.shots : (options.shots ?? 0)));
  const shots = Math.max(...own);
  return {
    text:
      `cpu: ${circuit.qubits} qubits, ${circuit.ops.length} operations; exact probabilities in the bases the measurements ` +
      `need, then up to ${shots} seeded shots per example and basis.`,
    details: {
      engine: 'cpu',
      regime: 'shots',
      qubits: circuit.qubits,
      operations: circuit.ops.length,
      shots,
    },
  };
}
