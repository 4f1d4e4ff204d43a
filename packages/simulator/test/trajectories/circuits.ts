import type { ChannelOp, Circuit, Measurement, Op } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { randomCircuit } from '@ketwork/testing';
import type { Random, RandomCircuitOptions } from '@ketwork/testing';
import { trajectoryCapabilities } from '../../src/trajectories/engine.ts';
import { SampledProgram } from '../../src/trajectories/program.ts';

const engine: Engine = await cpu({ reproducible: true });
const single: Engine = await cpu({ precision: 'f32' });

/** A program that takes one of the two ways to run trajectories. */
export function programOf<const M extends Measurement | readonly Measurement[]>(
  circuit: Circuit,
  measurements: M,
  {
    trajectories,
    seed = 0,
    mostStates,
    shots,
    precision = 'f64',
  }: {
    readonly trajectories: number;
    readonly seed?: number;
    /** Given: through a tree of at most so many states. */
    readonly mostStates?: number;
    readonly shots?: number;
    /** Of the engine that runs what trajectories leave to it. */
    readonly precision?: 'f64' | 'f32';
  },
): SampledProgram<string, M> {
  return new SampledProgram(circuit, measurements, shots === undefined ? {} : { shots }, {
    trajectories,
    seed,
    engine: precision === 'f64' ? engine : single,
    fused: false,
    ...(mostStates !== undefined && { mostStates }),
    capabilities: trajectoryCapabilities,
  });
}

/** A channel that applies Pauli strings, with random parameters. */
export function randomMixture(random: Random, qubits: readonly number[]): ChannelOp {
  const p = random.uniform(0.05, 0.4);
  if (qubits.length > 1 && random.chance(0.5)) {
    const on = random.sample([...qubits], 2);
    return { type: 'channel', channel: 'depolarizing', qubits: on, angles: [p] };
  }
  const channel = random.pick(['bitFlip', 'phaseFlip', 'bitPhaseFlip', 'depolarizing']);
  return { type: 'channel', channel, qubits: [random.pick([...qubits])], angles: [p] };
}

/** A random circuit of unitary operations with a channel behind many of them. */
export function noisyCircuit(
  random: Random,
  options: RandomCircuitOptions,
  channel: (qubits: readonly number[]) => ChannelOp,
  chance = 0.5,
): Circuit {
  const bare = randomCircuit(random, { ...options, filters: false });
  const all = Array.from({ length: bare.qubits }, (_, q) => q);
  const ops: Op[] = bare.ops.flatMap((op) => {
    if (op.type === 'statePreparation' || !random.chance(chance)) return [op];
    return [op, channel(all)];
  });
  return { ...bare, ops };
}
