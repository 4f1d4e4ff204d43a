import { fastWeightProgrammer, qlstm } from '@ketwork/layers';
import { dense, sequential } from '@ketwork/nn';
import type { BuiltLayer, Layer } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { angles } from '../harness/circuits.ts';
import { compareModel } from '../harness/models.ts';
import type { ModelCase } from '../harness/models.ts';
import type { Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'recurrent';
const QUBITS = 4;
const LAYERS = 2;
const STEPS = 8;

/** Recurrent networks of circuits: a training step. */
export const recurrent: Question = {
  name,
  asks: 'QLSTM and fast weights on 4 qubits, 8 steps: how long are forward and backward?',
  async answer(context) {
    const engine = await cpu();
    const rows: Row[] = [];
    const native = await context.peers.native?.(1);
    for (const batch of context.tiny === true ? [2] : [16, 64]) {
      for (const made of [longShortTerm(batch), fastWeights(batch)]) {
        made.network.bind!(engine);
        rows.push(...(await compareModel(context, native, made, name, 4)));
      }
    }
    return rows;
  },
};

function longShortTerm(batch: number): ModelCase {
  const cell = qlstm({ hidden: QUBITS - 1, layers: LAYERS, returnSequences: true });
  return {
    ...common(built(cell), batch),
    label: `QLSTM, batch ${batch}`,
    model: 'qlstm',
    sizes: { hidden: QUBITS - 1, qubits: QUBITS, layers: LAYERS },
  };
}

function fastWeights(batch: number): ModelCase {
  const sizes = { inputs: 1, qubits: QUBITS, layers: LAYERS };
  const programmer = fastWeightProgrammer({ ...sizes, returnSequences: true });
  return {
    ...common(built(programmer), batch),
    label: `fast weights, batch ${batch}`,
    model: 'fastWeights',
    sizes,
  };
}

/** A recurrent layer with one output for every step. */
function built(layer: Layer): BuiltLayer {
  return sequential(layer, dense(QUBITS, 1)).build([STEPS, 1], 1);
}

function common(network: BuiltLayer, batch: number): Omit<ModelCase, 'label' | 'model' | 'sizes'> {
  return {
    network,
    batch,
    x: angles(batch * STEPS).map(Math.sin),
    y: angles(batch * STEPS, 0.4).map(Math.cos),
    rename: (parameter) => parameter.replace(/^\d+\./, ''),
  };
}
