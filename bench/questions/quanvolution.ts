import { expval, Z } from '@ketwork/circuit';
import { quantumConv2d, quanvolution } from '@ketwork/layers';
import { flatten, reshape, sequential } from '@ketwork/nn';
import type { Layer } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { angles } from '../harness/circuits.ts';
import { compareModel } from '../harness/models.ts';
import type { ModelCase } from '../harness/models.ts';
import type { Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'quanvolution';
const KERNEL = 2;
const QUBITS = KERNEL ** 2;

/** A trained circuit that slides over images. */
interface Sliding {
  readonly label: string;
  readonly layer: Layer;
  readonly model: ModelCase['model'];
  readonly sizes: Readonly<Record<string, number>>;
}

/** Each pixel enters once, as the angle of a rotation; or again in every layer. */
const sliding: readonly Sliding[] = [
  {
    label: 'quanvolution',
    layer: quanvolution({ kernel: KERNEL, layers: 4, trainable: true }),
    model: 'quanvolution',
    sizes: { kernel: KERNEL, layers: 4, scale: Math.PI },
  },
  {
    label: 're-uploading filter',
    layer: quantumConv2d({
      kernel: KERNEL,
      stride: KERNEL,
      layers: 2,
      outChannels: QUBITS,
      measurement: expval(...Array.from({ length: QUBITS }, (_, qubit) => Z(qubit))),
    }),
    model: 'quantumConv2d',
    sizes: { kernel: KERNEL, layers: 2, scale: 2 },
  },
];

/** Circuits that slide over images. */
export const quanvolutions: Question = {
  name,
  asks: 'Windows of 2 x 2 over 28 x 28 pixels, batch 64, four channels: how long are forward and backward?',
  async answer(context) {
    const [side, batch] = context.tiny === true ? [6, 2] : [28, 64];
    const engine = await cpu();
    const native = await context.peers.native?.(1);
    const windows = (side / KERNEL) ** 2;
    const rows: Row[] = [];
    for (const { label, layer, model, sizes } of sliding) {
      const network = sequential(reshape([1, side, side]), layer, flatten()).build([side, side], 1);
      network.bind!(engine);
      const made: ModelCase = {
        label: `${label}, ${side} x ${side}, batch ${batch}`,
        network,
        batch,
        x: angles(batch * side * side).map((value) => 0.5 + 0.5 * Math.sin(value)),
        y: angles(batch * windows * QUBITS, 0.4).map(Math.cos),
        model,
        sizes,
        rename: (parameter) => parameter.replace(/^\d+\./, ''),
      };
      rows.push(...(await compareModel(context, native, made, name, 1)));
    }
    return rows;
  },
};
