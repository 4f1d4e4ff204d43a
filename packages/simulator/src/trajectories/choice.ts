/** Ways to run the trajectories of one example: as examples of a circuit without noise, or through a tree of states. */
import { channel } from '@ketwork/circuit';
import type { ChannelOp, Circuit } from '@ketwork/circuit';
import type { CompileShots } from '../shots.ts';
import { shotsOf } from './estimate.ts';
import { frameOf } from './frame.ts';
import type { FramedCircuit } from './frame.ts';
import { FramedRunner } from './framed.ts';
import type { Readings } from './readings.ts';
import type { Runner, RunnerOptions } from './runner.ts';
import { TreeRunner } from './tree.ts';

/** Whether a channel applies Pauli strings with known probabilities. */
function isPauliMixture(op: ChannelOp): boolean {
  return op.kraus === undefined && channel(op.channel).paulis !== undefined;
}

/** The circuit without noise that runs a circuit's trajectories, where there is one. */
export function framed(
  circuit: Circuit,
  readings: Readings | undefined,
): FramedCircuit | undefined {
  const last = new Set<number>();
  for (const { observable } of readings?.columns ?? [])
    if (observable.type !== 'pauli') for (const qubit of observable.qubits) last.add(qubit);
  // All qubits are measured where nothing is read, that is, where shots are drawn.
  const diagonal = (qubit: number): boolean => readings?.diagonal(qubit) ?? true;
  return frameOf(circuit, isPauliMixture, [...last], diagonal);
}

/** Chooses the way to run a circuit's trajectories. */
export function makeRunner(circuit: Circuit, options: RunnerOptions): Runner {
  const frame = options.mostStates === undefined ? framed(circuit, options.readings) : undefined;
  return frame === undefined
    ? new TreeRunner(circuit, options)
    : new FramedRunner(circuit, frame, options);
}

/** Draws shots of any circuit, one trajectory for each. */
export function trajectoryShots(options: Pick<RunnerOptions, 'engine' | 'fused'>): CompileShots {
  return (circuit, wires) => {
    const runner = makeRunner(circuit, { ...options, wires });
    return {
      draw: (values, example, own) => shotsOf(runner, circuit, values, example, { ...own, wires }),
      dispose: () => runner.dispose(),
    };
  };
}
