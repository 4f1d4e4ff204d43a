import { expval, Z } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import { crossEntropy, dense, perExampleGrads, sequential, sgd } from '@ketwork/nn';
import type { BuiltLayer, Model } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { fit } from '@ketwork/training';
import type { FitOptions, TrainingData } from '@ketwork/training';
import { angles, embeddedLayers } from '../harness/circuits.ts';
import { processSeconds } from '../harness/measure.ts';
import type { Timer } from '../harness/measure.ts';
import { compare, firstLine, mustAgree } from '../harness/question.ts';
import type { Context, PeerSide, Question } from '../harness/question.ts';
import { nest } from '../peers/native.ts';
import type { Prepared } from '../peers/native.ts';

const name = 'private-training';
const QUBITS = 4;
const LAYERS = 3;
const CLASSES = 2;
const EXAMPLES = 1000;
const BATCH = 50;
const [CLIP, NOISE, RATE] = [0.5, 1, 0.1];

const milliseconds = (scale: number) => (seconds: number) => 1e3 * scale * seconds;

/** What privacy costs, and what a loop over examples does. */
export const privateTraining: Question = {
  name,
  asks: '4 qubits, 1,000 examples in batches of 50: how long is an epoch of differentially private training?',
  async answer(context) {
    const examples = context.tiny === true ? 2 * BATCH : EXAMPLES;
    const x = angles(examples * QUBITS).map(Math.sin);
    const labels = Array.from({ length: examples }, (_, e) => (Math.sin(7 * e) > 0 ? 1 : 0));
    const data: TrainingData = { inputs: x, labels };
    const privacy = {
      clippingNorm: CLIP,
      noiseMultiplier: NOISE,
      delta: 1e-5,
      accountant: 'rdp',
    } as const;
    const secret = await epochs(data, { privacy });
    const open = await epochs(data, {});
    const ours = { timer: secret.timer, toUnit: milliseconds(1) };
    const about = {
      question: name,
      case: `DP-SGD, ${QUBITS} qubits, ${LAYERS} layers, dense ${QUBITS}-${CLASSES}, ${examples} examples, batch ${BATCH}`,
      unit: 'ms/epoch',
      ours,
    };
    const ordinary: PeerSide = {
      name: 'an epoch without privacy, same engine',
      timer: open.timer,
      toUnit: milliseconds(1),
      goal: 0.83,
    };
    // Alone, and in long samples: a ratio near 1 takes more than there is time for beside peers whose epochs last seconds.
    const { settings } = context;
    const long = { ...settings, sampleSeconds: 5 * settings.sampleSeconds };
    const rows = await compare({ ...about, peers: [ordinary] }, long);
    const prepared = await loops(context, secret.model.network!, data);
    if (prepared.length > 0) {
      const peers = prepared.map(({ side }) => side);
      rows.push(...(await compare({ ...about, peers }, settings)));
    }
    for (const { drop } of prepared) await drop();
    return rows;
  },
};

/** Times epochs of a run, without its beginning and the account at its end. */
async function epochs(
  data: TrainingData,
  more: Partial<FitOptions>,
): Promise<{ model: Model; timer: Timer }> {
  const measured = expval(...Array.from({ length: QUBITS }, (_, qubit) => Z(qubit)));
  const model = sequential(
    quantum(embeddedLayers(QUBITS, LAYERS), measured),
    dense(QUBITS, CLASSES),
  );
  model.build(1).bind!(await cpu());
  return {
    model,
    async timer(calls) {
      let [start, end] = [0, 0];
      await fit(model, data, {
        loss: crossEntropy,
        optimizer: sgd(RATE),
        epochs: calls + 1,
        batchSize: BATCH,
        seed: 1,
        metrics: [],
        onEpoch({ epoch }) {
          if (epoch === 1) start = processSeconds();
          if (epoch === calls + 1) end = processSeconds();
        },
        ...more,
      });
      return end - start;
    },
  };
}

/** PennyLane and PyTorch, timed on one step of as many examples as ours has on average. */
async function loops(
  { tiny, peers, skip }: Context,
  network: BuiltLayer,
  { inputs, labels }: TrainingData,
): Promise<{ side: PeerSide; drop: Prepared['drop'] }[]> {
  const native = await peers.native?.(1);
  const count = tiny === true ? 2 : BATCH;
  const x = Array.from(inputs).slice(0, count * QUBITS);
  const y = Array.from(labels).slice(0, count);
  const ours = await perExampleGrads(network, crossEntropy)({ x, y });
  const clipped = ours.grads.map((grad) => new Float64Array(grad.length / count));
  for (let e = 0; e < count; e++) {
    const rows = ours.grads.map((grad, p) =>
      grad.subarray(e * clipped[p]!.length, (e + 1) * clipped[p]!.length),
    );
    const factor = Math.min(1, CLIP / Math.hypot(...rows.flatMap((row) => [...row])));
    rows.forEach((row, p) => row.forEach((value, i) => (clipped[p]![i]! += factor * value)));
  }
  const found: { side: PeerSide; drop: Prepared['drop'] }[] = [];
  for (const peer of ['lightning.qubit', 'default.qubit'] as const) {
    if (native?.has(peer) !== true) continue;
    const made = await native
      .privateStep({
        peer,
        qubits: QUBITS,
        clip: CLIP,
        noise: NOISE,
        rate: RATE,
        x: nest(x, [count, QUBITS]),
        y,
        parameters: network.parameters.map(({ data, shape }) => nest(data, shape)),
      })
      .catch((error: unknown) => skip(`${name}: ${peer} with PyTorch: ${firstLine(error)}`));
    if (made === undefined) continue;
    const mean = ours.losses.reduce((sum, loss) => sum + loss, 0) / count;
    mustAgree(`${name}, loss of ${made.name}`, [mean], made.value, 1e-8);
    mustAgree(
      `${name}, clipped gradients of ${made.name}`,
      clipped.flatMap((sum) => [...sum]),
      made.gradient,
      1e-8,
    );
    found.push({
      side: {
        name: `${made.name}, minibatch ${count}`,
        timer: made.timer,
        toUnit: milliseconds(labels.length / count),
        goal: 100,
      },
      drop: made.drop,
    });
  }
  return found;
}
