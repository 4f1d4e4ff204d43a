import { circuit, expval, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { densityMatrix, trajectories } from '@ketwork/simulator';
import { local } from '../harness/measure.ts';
import { nativeSides } from '../harness/native-sides.ts';
import { compare, firstLine } from '../harness/question.ts';
import type { Context, PeerSide, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'noise';
const LAYERS = 5;
/** Probability of an error behind each gate. */
const RATE = 0.01;

/** Layers of RY on every qubit and a chain of CNOTs, with noise behind every gate. */
function noisyLayers(
  qubits: number,
  channel: 'depolarizing' | 'amplitude damping',
  layers: number = LAYERS,
): Circuit {
  return circuit(qubits, (q) => {
    const noise = (on: readonly number[]): void => {
      if (channel === 'depolarizing') q.depolarizing(RATE, on);
      else for (const i of on) q.amplitudeDamping(RATE, i);
    };
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < qubits; i++) {
        q.ry(0.3 + 1.7 * layer + 0.9 * i, i);
        noise([i]);
      }
      for (let i = 0; i + 1 < qubits; i++) {
        q.cnot(i, i + 1);
        noise([i, i + 1]);
      }
    }
  });
}

/** Noisy circuits: exact density matrices, and random runs. */
export const noise: Question = {
  name,
  asks: `10 noisy layers as a density matrix, ${LAYERS} as 1,000 trajectories: how long is one run?`,
  async answer(context) {
    const { settings, tiny = false } = context;
    const qubits = tiny ? 6 : 16;
    const count = tiny ? 40 : 1000;
    const engine = await trajectories({ trajectories: count, seed: 1 });
    const rows: Row[] = [];
    for (const channel of ['depolarizing', 'amplitude damping'] as const)
      rows.push(...(await densityRows(context, channel)));
    for (const channel of ['depolarizing', 'amplitude damping'] as const) {
      const noisy = noisyLayers(qubits, channel);
      const observables = Array.from({ length: qubits }, (_, i) => Z(i));
      const program = engine.compile(noisy, expval(...observables));
      const { values, errors } = program.runWithErrors();
      const label = `${qubits} qubits, ${LAYERS} layers, ${channel} ${RATE}, ${count} trajectories`;
      const run = local(() => program.run());
      const anew = local(() => engine.compile(noisy, expval(...observables)).run());
      const plan = Math.max(0, (await anew(1)) - (await run(1)));
      const peers = await aerSide(context, label, noisy, tiny ? 40 : 50, values, errors, count);
      rows.push(
        ...(await compare(
          {
            question: name,
            case: label,
            unit: 'ms/trajectory',
            ours: { timer: run, toUnit: (seconds) => (1000 * seconds) / count, plan },
            peers,
          },
          settings,
        )),
      );
    }
    return rows;
  },
};

/** One run of a density matrix in double precision on one thread, values agreeing to 1e-10. */
async function densityRows(
  context: Context,
  channel: 'depolarizing' | 'amplitude damping',
): Promise<Row[]> {
  const { settings, tiny = false, peers } = context;
  const qubits = tiny ? 4 : 10;
  const layers = tiny ? 2 : 10;
  const noisy = noisyLayers(qubits, channel, layers);
  const all = Array.from({ length: qubits }, (_, i) => i);
  const engine = densityMatrix();
  const measured = expval(...all.map((i) => Z(i)));
  const program = engine.compile(noisy, measured);
  const label = `${qubits} qubits, ${layers} layers, ${channel} ${RATE}, density matrix`;
  const run = local(() => program.run());
  const anew = local(() => engine.compile(noisy, measured).run());
  const plan = Math.max(0, (await anew(1)) - (await run(1)));
  const values = program.run();
  const found = await nativeSides(
    context,
    await peers.native?.(1),
    label,
    { precision: 'f64', what: 'value', circuit: noisy, batch: 1, measured: all },
    [
      { peer: 'aer', mode: 'density matrix', goal: 1 },
      { peer: 'qulacs', mode: 'density matrix', goal: 1 },
    ],
    () => values,
    () => (seconds) => 1000 * seconds,
  );
  const rows = await compare(
    {
      question: name,
      case: label,
      unit: 'ms',
      ours: { timer: run, toUnit: (seconds) => 1000 * seconds, plan },
      peers: found.sides,
    },
    settings,
  );
  await found.drop();
  return rows;
}

/** Aer on part of the trajectories; its means must be ours within the standard errors of both. */
async function aerSide(
  { peers, skip }: Context,
  label: string,
  noisy: Circuit,
  minibatch: number,
  values: Float64Array,
  errors: Float64Array,
  count: number,
): Promise<PeerSide[]> {
  const native = await peers.native?.(1);
  if (native?.has('aer') !== true) return [];
  const prepared = await native
    .circuit({
      peer: 'aer',
      precision: 'f64',
      what: 'value',
      circuit: noisy,
      batch: 1,
      measured: Array.from(values, (_, i) => i),
      trajectories: minibatch,
    })
    .catch((error: unknown) => {
      skip(`${label}: aer: ${firstLine(error)}`);
    });
  if (prepared === undefined) return [];
  values.forEach((ours, i) => {
    const theirs = prepared.value[i]!;
    // Of one standard deviation in each trajectory both means have errors by the roots of their numbers.
    const error = errors[i]! * Math.sqrt(1 + count / minibatch) + 1e-3;
    if (!(Math.abs(ours - theirs) < 6 * error)) {
      throw new Error(
        `${label}: Z on qubit ${i} is ${ours} here and ${theirs} at Aer, off by more than 6 · ${error}`,
      );
    }
  });
  return [
    {
      name: `${prepared.name}, minibatch ${minibatch}`,
      timer: prepared.timer,
      toUnit: (seconds) => (1000 * seconds) / minibatch,
      plan: prepared.plan,
      goal: 1,
    },
  ];
}
