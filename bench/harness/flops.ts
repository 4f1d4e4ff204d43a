import type { Circuit, Op } from '@ketwork/circuit';
import type { Explanation } from '@ketwork/simulator';
import type { InstructionMix } from './hardware.ts';
import { usualMix } from './hardware.ts';

/** Operations per amplitude of gates applied as written. */
const perAmplitude: Readonly<Record<string, number>> = {
  H: 4,
  RX: 6,
  RY: 6,
  RZ: 6,
  Rot: 18,
  P: 3,
  CP: 1.5,
  CZ: 0.5,
  RZZ: 6,
  X: 0,
  CNOT: 0,
  SWAP: 0,
  Toffoli: 0,
};

function written(op: Op): number {
  if (op.type === 'matrix') return 8 * 2 ** op.qubits.length - 2;
  const count = op.type === 'gate' ? perAmplitude[op.gate] : undefined;
  if (count === undefined) throw new Error(`no count of operations for ${op.type}`);
  return count;
}

/** What one example costs in floating-point operations, and where the number is from. */
export interface Cost {
  readonly flops: number;
  readonly source: 'executed' | 'as written';
  /** Instructions between load and store of a vector. */
  readonly mix: InstructionMix;
}

const numeric = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined;

/**
 * Operations of one example: as the engine reports them, with its instructions where it tells them apart, else those of
 * the gates as written.
 */
export function costOf(circuit: Circuit, { details }: Explanation): Cost {
  const amplitudes = 2 ** circuit.qubits;
  const executed = numeric(details['flops']);
  const flops = executed ?? amplitudes * circuit.ops.reduce((sum, op) => sum + written(op), 0);
  const groups = numeric(details['groups']) ?? 1;
  // A group loads each of the two parts of an amplitude once.
  const perVector = flops / (2 * amplitudes * groups);
  const share = (name: string): number =>
    Math.round((numeric(details[name]) ?? 0) / (2 * amplitudes * groups));
  const told = {
    fused: share('fused'),
    multiplications: share('multiplications'),
    additions: share('additions'),
  };
  const known = told.fused + told.multiplications + told.additions > 0;
  return {
    flops,
    source: executed === undefined ? 'as written' : 'executed',
    mix: known ? told : usualMix(perVector),
  };
}
