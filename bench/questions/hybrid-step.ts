import { expval, Z } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import { adam, dense, mse, sequential, tanh, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer, ValueAndGrad } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { angles, embeddedLayers, ones } from '../harness/circuits.ts';
import { local } from '../harness/measure.ts';
import { compare, mustAgree } from '../harness/question.ts';
import type { PeerSide, Question } from '../harness/question.ts';
import { nest } from '../peers/native.ts';
import type { Nested } from '../peers/native.ts';

const name = 'hybrid-step';
const FEATURES = 16;
const QUBITS = 4;
const OUTPUTS = 2;
const LAYERS = 3;
const BATCH = 32;

/** A hybrid model's training step, classical parts included. */
export const hybridStep: Question = {
  name,
  asks: 'Dense 16-4, tanh, 4 qubits with 3 layers, dense 4-2, batch 32: how long is a training step?',
  async answer({ settings, peers }) {
    const engine = await cpu();
    const circuit = embeddedLayers(QUBITS, LAYERS);
    const measurement = expval(...Array.from({ length: QUBITS }, (_, qubit) => Z(qubit)));
    const network = sequential(
      dense(FEATURES, QUBITS),
      tanh(),
      quantum(circuit, measurement),
      dense(QUBITS, OUTPUTS),
    ).build(1);
    network.bind?.(engine);
    const x = angles(BATCH * FEATURES).map(Math.sin);
    const y = angles(BATCH * OUTPUTS, 0.4).map(Math.cos);
    const gradient = valueAndGrad(network, mse);
    const optimizer = adam(0.01);
    const state = optimizer.init(network.parameters);
    const evaluate = (): ValueAndGrad => {
      const result = gradient({ x, y });
      if (result instanceof Promise) throw new Error('the CPU engine should answer at once');
      return result;
    };

    const sides: PeerSide[] = [];
    const native = await peers.native?.(1);
    for (const peer of ['lightning.qubit', 'default.qubit'] as const) {
      if (native?.has(peer) !== true) continue;
      const prepared = await native.hybrid({
        peer,
        qubits: QUBITS,
        x: nest(x, [BATCH, FEATURES]),
        y: nest(y, [BATCH, OUTPUTS]),
        parameters: parametersOf(network),
      });
      const { loss, grads } = evaluate();
      mustAgree(`${name}, loss of ${peer}`, [loss], prepared.value, 1e-8);
      const flat = grads.flatMap((values) => [...values]);
      mustAgree(`${name}, gradients of ${peer}`, flat, prepared.gradient, 1e-8);
      const label = `${prepared.name}, autograd and NumPy`;
      sides.push({ name: label, timer: prepared.timer, toUnit: (seconds) => 1e6 * seconds });
    }

    const program = engine.compile(circuit, measurement);
    const data = angles(BATCH * QUBITS, 0.3);
    const w = angles(LAYERS * QUBITS * 3);
    const dy = ones(BATCH * QUBITS);
    const alone = (): void => {
      program.run({ x: data, w });
      program.vjp({ x: data, w }, dy);
    };
    sides.push({
      name: 'run and vjp of its circuit alone, same engine',
      timer: local(alone),
      toUnit: (seconds) => 1e6 * seconds,
      goal: 0.5,
    });

    const step = (): void => optimizer.step(network.parameters, evaluate().grads, state);
    return compare(
      {
        question: name,
        case: `${FEATURES}-${QUBITS}-${OUTPUTS} model, batch ${BATCH}, loss + gradient + Adam`,
        unit: 'us/step',
        ours: { timer: local(step), toUnit: (seconds) => 1e6 * seconds },
        peers: sides,
      },
      settings,
    );
  },
};

/** The parameters in their order, by the names that the Python script uses. */
function parametersOf(
  network: BuiltLayer,
): Record<'first' | 'firstBias' | 'w' | 'last' | 'lastBias', Nested> {
  const [first, firstBias, w, last, lastBias] = network.parameters.map(({ data, shape }) =>
    nest(data, shape),
  );
  return { first: first!, firstBias: firstBias!, w: w!, last: last!, lastBias: lastBias! };
}
