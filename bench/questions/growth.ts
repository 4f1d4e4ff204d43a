import { mkdirSync, writeFileSync } from 'node:fs';
import { lineChart } from '@ketwork/plot';
import type { Series } from '@ketwork/plot';
import { qlstm } from '@ketwork/layers';
import { dense, mse, sequential, valueAndGrad } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { angles, embeddedLayers } from '../harness/circuits.ts';
import { engineAt, zOn } from '../harness/engines.ts';
import { hardwareEfficientCase } from '../harness/large-circuits.ts';
import { interleave, local } from '../harness/measure.ts';
import type { Timer } from '../harness/measure.ts';
import type { Context, Question } from '../harness/question.ts';
import { makeRow } from '../harness/row.ts';
import type { Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const name = 'growth';
const LAYERS = 3;
/** A step may take at most this many times what its neighbours suggest. */
const KINK = 1.3;

/** One point of a curve. */
interface Point {
  /** What grows. */
  readonly size: number;
  /** Work in the unit in which the cost should stay even. */
  readonly work: number;
  readonly timer: Timer;
}

interface Curve {
  readonly title: string;
  readonly file: string;
  readonly axis: string;
  readonly unit: string;
  readonly points: readonly Point[];
}

/** How time grows, per unit of work, so that even growth is a level line. */
export const growth: Question = {
  name,
  asks: 'How does time grow with qubits, gates and batch?',
  async answer(context) {
    using engine = (await engineAt('f64'))!;
    const batched = (qubits: number, layers: number, batch: number): Timer => {
      const program = engine.compile(embeddedLayers(qubits, layers), zOn([0]));
      const values = { x: angles(batch * qubits, 0.3), w: angles(layers * qubits * 3) };
      return local(() => program.run(values));
    };
    const single = (qubits: number): Timer => {
      const { circuit, w } = hardwareEfficientCase(qubits, 10);
      const program = engine.compile(circuit, zOn([0, qubits - 1]));
      return local(() => program.run({ w }));
    };
    const small = context.tiny === true;
    const batch = small ? 8 : 256;
    const range = (from: number, to: number): number[] =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const curves: Curve[] = [
      {
        title: `Qubits: ${LAYERS} strongly entangling layers, batch ${batch}`,
        file: 'growth-qubits',
        axis: 'qubits',
        unit: 'ns per gate and amplitude',
        points: (small ? range(2, 4) : range(2, 13)).map((qubits) => ({
          size: qubits,
          work: batch * qubits * (2 * LAYERS + 1) * 2 ** qubits,
          timer: batched(qubits, LAYERS, batch),
        })),
      },
      {
        title: 'Qubits of one state: 10 hardware-efficient layers',
        file: 'growth-state',
        axis: 'qubits',
        unit: 'ns per gate and amplitude',
        points: (small ? range(4, 6) : range(10, 21)).map((qubits) => ({
          size: qubits,
          work: 31 * qubits * 2 ** qubits,
          timer: single(qubits),
        })),
      },
      {
        title: `Gates: 8 qubits, batch ${batch}`,
        file: 'growth-gates',
        axis: 'layers',
        unit: 'us per layer and example',
        points: (small ? [1, 2, 4] : [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]).map((layers) => ({
          size: layers,
          work: 1e3 * batch * layers,
          timer: batched(small ? 3 : 8, layers, batch),
        })),
      },
      {
        title: `Batch: 6 qubits, ${LAYERS} strongly entangling layers`,
        file: 'growth-batch',
        axis: 'log2 of the batch',
        unit: 'us per example',
        points: (small ? range(0, 3) : range(0, 13)).map((power) => ({
          size: power,
          work: 1e3 * 2 ** power,
          timer: batched(small ? 3 : 6, LAYERS, 2 ** power),
        })),
      },
    ];
    const recurrent = sequential(
      qlstm({ hidden: 3, layers: 2, returnSequences: true }),
      dense(4, 1),
    ).build([8, 1], 1);
    recurrent.bind!(await cpu());
    const step = valueAndGrad(recurrent, mse);
    curves.push({
      title: 'Batch: a training step of a QLSTM of 4 qubits, 8 steps',
      file: 'growth-recurrent',
      axis: 'log2 of the batch',
      unit: 'us per example',
      points: (small ? range(0, 2) : range(0, 10)).map((power) => {
        const x = angles(8 * 2 ** power).map(Math.sin);
        const y = angles(8 * 2 ** power, 0.4).map(Math.cos);
        return { size: power, work: 1e3 * 2 ** power, timer: local(() => void step({ x, y })) };
      }),
    });
    const rows: Row[] = [];
    for (const curve of curves) rows.push(...(await drawn(context, curve)));
    return rows;
  },
};

/** Measures a curve, draws it, and looks for the point that sticks out most. */
async function drawn({ settings, tiny }: Context, curve: Curve): Promise<Row[]> {
  const { title, file, axis, unit, points } = curve;
  const samples = await interleave(
    points.map(({ timer }) => timer),
    { budgetSeconds: 12, warmSeconds: 1, ...settings },
  );
  const costs = samples.map((seconds, i) => seconds.map((s) => (1e9 * s) / points[i]!.work));
  const medians = costs.map(median);
  if (tiny !== true) {
    const series: Series = { name: 'cpu', values: medians, x: points.map(({ size }) => size) };
    const results = new URL('../results/', import.meta.url);
    mkdirSync(results, { recursive: true });
    const svg = lineChart([series], { title, xLabel: axis, yLabel: unit });
    writeFileSync(new URL(`${file}.svg`, results), svg);
  }
  // Costs per unit of work fall to a level or rise slowly; a kink is a point above what both neighbours suggest.
  const expected = medians.map((_, i) =>
    i === 0 || i === medians.length - 1
      ? Infinity
      : Math.max(
          Math.sqrt(medians[i - 1]! * medians[i + 1]!),
          Math.min(medians[i - 1]!, medians[i + 1]!),
        ),
  );
  let kink = 1;
  medians.forEach((cost, i) => {
    if (cost / expected[i]! > medians[kink]! / expected[kink]!) kink = i;
  });
  const rows = points.map(({ size }, i) =>
    makeRow({
      question: name,
      case: `${title}: ${axis} ${size}`,
      unit,
      ours: costs[i]!,
    }),
  );
  const worst = makeRow({
    question: name,
    case: `${title}: largest kink, at ${axis} ${points[kink]!.size}`,
    unit,
    ours: [medians[kink]!],
    peer: [expected[kink]!],
    peerName: 'what its neighbours suggest (their geometric mean)',
    goal: Number((1 / KINK).toPrecision(3)),
  });
  return [...rows, worst];
}
