/** What engines hold of a circuit with measurements, known without compiling it. */
import { UnsupportedError } from '@ketwork/base';
import { deferMeasurements } from '@ketwork/circuit';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import { isSampled } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type { Capabilities, CompileOptions } from '../contract.ts';
import { needsCuts, splitCircuit } from '../cpu/segments/split.ts';
import { isDynamic, postselects } from '../postselection.ts';
import { located } from './located.ts';

/** Whether a program needs more than the map of a state: the circuit is dynamic, or classical bits are read. */
export function needsBits(circuit: Circuit, measurements: readonly Measurement[]): boolean {
  return isDynamic(circuit) || measurements.some((m) => 'bits' in m && m.bits !== undefined);
}

/** Up to so many qubits probabilities are exact in any case; beyond, where shots take longer than they. */
const SMALL = 12;

/** Number of trajectories that draw all shots, where deferring measurements takes many more qubits; else undefined. */
export function drawnTrajectories(
  circuit: Circuit,
  { measurements: read }: CheckedProgram,
  options: CompileOptions,
  maxQubits: number,
): number | undefined {
  if (!read.every((m) => isSampled(m, options))) return undefined;
  const shots = Math.max(options.shots ?? 1, ...read.map((m) => ('shots' in m ? m.shots : 1)));
  try {
    const { qubits } = deferMeasurements(circuit, { read, maxQubits }).circuit;
    return qubits <= SMALL || 2 ** (qubits - circuit.qubits) <= shots ? undefined : shots;
  } catch (error) {
    if (error instanceof UnsupportedError) return shots;
    throw error;
  }
}

/**
 * The circuit that the CPU engine runs in place of one: with measurements deferred, or as given where there are none or
 * trajectories draw shots.
 *
 * @throws UnsupportedError where the engine cannot run it; with shots it may run it in another way
 */
export function heldCircuit(
  circuit: Circuit,
  checked: CheckedProgram,
  options: CompileOptions,
  maxQubits: number,
): Circuit {
  const { measurements: read } = checked;
  const bits = needsBits(circuit, read);
  if (bits && drawnTrajectories(circuit, checked, options, maxQubits) !== undefined) return circuit;
  try {
    if (!bits) {
      if (needsCuts(circuit)) splitCircuit(circuit, []);
      return circuit;
    }
    const deferred = deferMeasurements(circuit, { read, postselection: 'immediate', maxQubits });
    if (needsCuts(deferred.circuit))
      located(deferred.operations, () => splitCircuit(deferred.circuit, []));
    return deferred.circuit;
  } catch (error) {
    if (read.some((m) => isSampled(m, options)) && error instanceof UnsupportedError)
      return circuit;
    throw error;
  }
}

/** About how many numbers an engine holds for the states of a batch. */
export function heldNumbers(
  { engine, maxQubits }: Capabilities,
  circuit: Circuit,
  checked: CheckedProgram,
  options: CompileOptions,
  { batch, gradient }: { readonly batch: number; readonly gradient: boolean },
): number {
  const { qubits } = circuit;
  const { measurements: read } = checked;
  const copies = gradient ? 3 : 1;
  const dynamic = needsBits(circuit, read);
  if (engine === 'density-matrix')
    return (copies + 1) * batch * 4 ** (qubits + bitsRead(circuit, read).size);
  if (engine === 'reference' && dynamic)
    return copies * batch * 2 * 4 ** qubits * 2 ** bitsRead(circuit, read).size;
  // A tree of states, whatever the batch.
  if (engine === 'trajectories') return Math.max(batch, 16) * 2 * 2 ** qubits;
  if (engine !== 'cpu' || !dynamic) return copies * batch * 2 * 2 ** qubits;
  const held = heldCircuit(circuit, checked, options, maxQubits).qubits;
  const forward = copies * batch * 2 * 2 ** held;
  if (!gradient || !postselects(circuit)) return forward;
  // With post-selections at the end, and one qubit that tells whether all of them hold.
  const last = deferMeasurements(circuit, { read, maxQubits });
  const flag = last.postselected.length > 1 ? 1 : 0;
  return forward + copies * batch * 2 * 2 ** (last.circuit.qubits + flag);
}

/** Classical bits that conditions or measurements read. */
function bitsRead(circuit: Circuit, read: readonly Measurement[]): Set<number> {
  const bits = new Set(read.flatMap((m) => ('bits' in m ? [...(m.bits ?? [])] : [])));
  const visit = (op: Op): void => {
    if (op.type !== 'conditional') return;
    for (const bit of op.condition.bits) bits.add(bit);
    op.then.forEach(visit);
    op.otherwise.forEach(visit);
  };
  circuit.ops.forEach(visit);
  return bits;
}
