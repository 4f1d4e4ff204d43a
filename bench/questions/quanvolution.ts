import { expval, Z } from '@ketwork/circuit';
import { quantumConv2d } from '@ketwork/layers';
import { flatten, reshape, sequential } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { angles } from '../harness/circuits.ts';
import { modelPeers, ourModel } from '../harness/models.ts';
import type { ModelCase } from '../harness/models.ts';
import { compare } from '../harness/question.ts';
import type { Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'quanvolution';
const KERNEL = 2;
const LAYERS = 2;

/** A trained circuit that slides over images. */
export const quanvolutions: Question = {
  name,
  asks: 'Windows of 2 x 2 over 28 x 28 pixels, batch 64, four channels: how long are forward and backward?',
  async answer(context) {
    const [side, batch] = context.tiny === true ? [6, 2] : [28, 64];
    const qubits = KERNEL ** 2;
    const measured = expval(...Array.from({ length: qubits }, (_, qubit) => Z(qubit)));
    const filter = { kernel: KERNEL, stride: KERNEL, layers: LAYERS, measurement: measured };
    const network = sequential(
      reshape([1, side, side]),
      quantumConv2d({ ...filter, outChannels: qubits }),
      flatten(),
    ).build([side, side], 1);
    network.bind!(await cpu());
    const windows = (side / KERNEL) ** 2;
    const made: ModelCase = {
      label: `${side} x ${side}, batch ${batch}`,
      network,
      batch,
      x: angles(batch * side * side).map((value) => 0.5 + 0.5 * Math.sin(value)),
      y: angles(batch * windows * qubits, 0.4).map(Math.cos),
      model: 'quanvolution',
      sizes: { kernel: KERNEL, layers: LAYERS, scale: 2 },
      rename: (parameter) => parameter.replace(/^\d+\./, ''),
    };
    const native = await context.peers.native?.(1);
    const rows: Row[] = [];
    for (const what of ['value', 'gradient'] as const) {
      const { sides, drop } = await modelPeers(context, native, made, what, [
        { peer: 'lightning.qubit', examples: Math.min(batch, 1), goal: 100 },
        { peer: 'default.qubit', examples: Math.min(batch, 16), goal: 30 },
      ]);
      const ours = { timer: ourModel(made, what), toUnit: (seconds: number) => 1e3 * seconds };
      const title = what === 'value' ? 'forward' : 'forward and backward';
      const about = { question: name, case: `${made.label}, ${title}`, unit: 'ms' };
      rows.push(...(await compare({ ...about, ours, peers: sides }, context.settings)));
      await drop();
    }
    return rows;
  },
};
