import {
  Z,
  cpu,
  expval,
  fastWeightProgrammer,
  forward,
  fold,
  key,
  lossValues,
  mse,
  normal,
  valueAndGrad,
} from 'ketwork';
import { fastWeights, parameterCount } from './models.ts';
import { LENGTH } from './series.ts';

/** Checks of the layer at the published sizes. */
export interface Checks {
  /** Trained numbers of the fast weight programmer with its read-out. */
  readonly parameters: number;
  /** Largest distance of the outputs from those of the fixed circuit where the slow programmer adds nothing. */
  readonly fixedCircuit: number;
  /** Largest distance of the gradient from central differences. */
  readonly gradient: number;
}

export async function check(seed: number): Promise<Checks> {
  return {
    parameters: parameterCount(fastWeights('first')),
    fixedCircuit: Math.max(await fixedCircuit('first', seed), await fixedCircuit('all', seed)),
    gradient: Math.max(await gradient('first', seed), await gradient('all', seed)),
  };
}

async function fixedCircuit(encode: 'first' | 'all', seed: number): Promise<number> {
  const engine = await cpu();
  const network = fastWeights(encode).build([LENGTH, 1], seed);
  network.bind!(engine);
  const of = (name: string): Float64Array =>
    network.parameters.find((parameter) => parameter.name === name)!.data;
  of('0.layer.weight').fill(0);
  of('0.layer.bias').fill(0);
  const x = normal(fold(key(seed), 1), 5 * LENGTH);
  const found = await forward(network, x);
  const { circuit } = fastWeightProgrammer({ inputs: 1, encode });
  const program = engine.compile(circuit!, expval(Z(0), Z(1), Z(2), Z(3)));
  const last = Float64Array.from({ length: 5 }, (_, e) => x[(e + 1) * LENGTH - 1]!);
  const measured = program.run({ x: last, theta: new Float64Array(5 * 16) });
  const weight = of('1.weight');
  const off = Array.from(found, (y, e) => {
    const read = weight.reduce((sum, w, i) => sum + w * measured[4 * e + i]!, of('1.bias')[0]!);
    return Math.abs(y - read);
  });
  return Math.max(...off);
}

async function gradient(encode: 'first' | 'all', seed: number): Promise<number> {
  const network = fastWeights(encode).build([LENGTH, 1], seed);
  network.bind!(await cpu());
  const batch = { x: normal(fold(key(seed), 2), 3 * LENGTH), y: normal(fold(key(seed), 3), 3) };
  const { grads } = await valueAndGrad(network, mse)(batch);
  const loss = async (): Promise<number> => (await lossValues(network, mse)(batch)).loss;
  let worst = 0;
  const h = 1e-5;
  for (const [p, { data }] of network.parameters.entries()) {
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      data[i] = value + h;
      const above = await loss();
      data[i] = value - h;
      const below = await loss();
      data[i] = value;
      worst = Math.max(worst, Math.abs((above - below) / (2 * h) - grads[p]![i]!));
    }
  }
  return worst;
}
