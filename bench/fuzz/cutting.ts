import { UnsupportedError } from '@ketwork/base';
import type { Measurement } from '@ketwork/circuit';
import { cutCircuit, findCuts } from '@ketwork/cutting';
import type { FoundCuts } from '@ketwork/cutting';
import type { Engine } from '@ketwork/simulator';
import { randomTerm, randomValues } from '@ketwork/testing';
import type { Random } from '@ketwork/testing';
import { noisyDynamicCircuit } from './draw.ts';
import type { Judge } from './tally.ts';

/** A small circuit, noisy every other time, in fragments and as a whole: values and gradients. */
export function compareCut(
  judged: Judge,
  engines: { readonly cpu: Engine; readonly density: Engine },
  random: Random,
): void {
  const noisy = random.chance(0.6);
  for (;;) {
    const drawn = noisyDynamicCircuit(random, {
      qubits: random.integer(3, 5),
      ops: random.integer(3, 8),
      slotGenerators: false,
      filters: false,
      bits: 1,
      dynamic: noisy ? ['channel', 'reset'] : ['reset'],
    });
    const circuit = {
      ...drawn,
      ops: noisy ? drawn.ops : drawn.ops.filter(({ type }) => type !== 'reset'),
      // Parameter shifts, which the CPU engine needs behind cut gates, have none for amplitudes.
      slots: drawn.slots
        .filter(({ kind }) => kind !== 'hermitian')
        .map((slot) => ({ ...slot, differentiable: noisy || slot.kind === 'scalar' })),
      bits: 0,
    };
    const all = Array.from({ length: circuit.qubits }, (_, qubit) => qubit);
    const observable = (): Measurement & { readonly type: 'expval' } => ({
      type: 'expval',
      observables: Array.from({ length: 2 }, () => ({
        type: 'pauli',
        terms: Array.from({ length: random.integer(1, 2) }, () => randomTerm(random, all)),
      })),
    });
    const measurements: Measurement[] = [
      observable(),
      { ...observable(), type: 'variance' },
      { type: 'probabilities', qubits: random.sample(all, random.integer(1, 2)) },
    ];
    let found: FoundCuts;
    try {
      found = findCuts(circuit, {
        maxQubits: circuit.qubits - random.integer(1, 2),
        maxCuts: 3,
        beam: 50,
      });
    } catch (error) {
      if (error instanceof UnsupportedError) continue;
      throw error;
    }
    if (found.cuts.length === 0) continue;
    const engine = noisy ? engines.density : engines.cpu;
    const batch = circuit.slots.some(({ axis }) => axis === 'batch') ? 2 : 1;
    const values = randomValues(random, circuit, batch);
    using whole = engine.compile(circuit, measurements);
    using cut = cutCircuit(engine, circuit, measurements, { cuts: found.cuts });
    const want = whole.run(values) as Float64Array[];
    const have = cut.run(values) as Float64Array[];
    const name = `cut on ${engine.name}`;
    want.forEach((x, i) => judged.compare(`${name}, ${measurements[i]!.type}`, have[i]!, x, 1e-10));
    if (circuit.slots.length === 0) return;
    const dy = want.map((x) => random.normals(x.length));
    const options = random.pick([{}, { perExample: true }]);
    const gradients = cut.vjp(values, dy, options);
    for (const [slot, x] of Object.entries(whole.vjp(values, dy, options)))
      judged.compare(`${name}, gradient`, gradients[slot]!, x, 1e-9);
    return;
  }
}
