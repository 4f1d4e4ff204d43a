import { circuit, input } from '@ketwork/circuit';
import { fidelityKernel } from '@ketwork/kernels';
import { cpu } from '@ketwork/simulator';
import { angles } from '../harness/circuits.ts';
import { local } from '../harness/measure.ts';
import { compare, firstLine, mustAgree } from '../harness/question.ts';
import type { PeerSide, Question } from '../harness/question.ts';
import { nest } from '../peers/native.ts';

const name = 'kernel-matrix';

/** A symmetric fidelity kernel matrix. */
export const kernelMatrix: Question = {
  name,
  asks: '1,000 examples on 10 qubits: how long is the matrix of their fidelities?',
  async answer(context) {
    const [qubits, examples, pairwise] = context.tiny === true ? [3, 6, 4] : [10, 1000, 24];
    // Angles that are plain elements of the slot, which every peer can read.
    const featureMap = circuit(qubits, { x: input([qubits]) }, (q, { x }) => {
      for (let i = 0; i < qubits; i++) q.h(i).rz(x.at(i), i).ry(x.at(i), i);
      for (let i = 0; i + 1 < qubits; i++)
        q.cnot(i, i + 1)
          .rz(x.at(i), i + 1)
          .cnot(i, i + 1);
    });
    const kernel = fidelityKernel(await cpu(), featureMap);
    const x = angles(examples * qubits).map(Math.sin);
    const rowsOf = (count: number): Float64Array[] =>
      Array.from({ length: count }, (_, e) => x.slice(e * qubits, (e + 1) * qubits));
    const all = rowsOf(examples);
    const sides: PeerSide[] = [];
    const native = await context.peers.native?.(1);
    for (const [peer, count] of [
      ['aer', examples],
      ['lightning.qubit', pairwise],
    ] as const) {
      if (native?.has(peer) !== true) continue;
      const own = x.subarray(0, count * qubits);
      const prepared = await native
        .kernel(peer, featureMap, nest(own, [count, qubits]))
        .catch((error: unknown) => context.skip(`${name}: ${peer}: ${firstLine(error)}`));
      if (prepared === undefined) continue;
      mustAgree(`${name}, ${prepared.name}`, kernel.matrix(rowsOf(count)), prepared.value, 1e-8);
      const pairs = (n: number): number => (n * (n - 1)) / 2;
      const scale = pairs(examples) / pairs(count);
      sides.push({
        // Aer takes no part: the kernel's states come from Qiskit itself.
        name: `${prepared.name.replace('Qiskit Aer, ', '')}${count === examples ? '' : `, ${count} examples`}`,
        timer: prepared.timer,
        toUnit: (seconds) => 1e3 * seconds * scale,
        goal: 20,
      });
    }
    return compare(
      {
        question: name,
        case: `${examples} examples, ${qubits} qubits`,
        unit: 'ms',
        ours: { timer: local(() => kernel.matrix(all)), toUnit: (seconds) => 1e3 * seconds },
        peers: sides,
      },
      context.settings,
    );
  },
};
