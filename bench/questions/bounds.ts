import { angles, embeddedLayers } from '../harness/circuits.ts';
import { engineAt, zOn } from '../harness/engines.ts';
import { costOf } from '../harness/flops.ts';
import { bandwidthLoop, computeLoop } from '../harness/hardware.ts';
import type { InstructionMix } from '../harness/hardware.ts';
import { hardwareEfficientCase } from '../harness/large-circuits.ts';
import { local } from '../harness/measure.ts';
import { compare } from '../harness/question.ts';
import type { Context, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'bounds';
const LAYERS = 3;
const GOAL = 0.7;

/** How near the engine comes to what the same instructions can do on this machine. */
export const bounds: Question = {
  name,
  asks: 'How near is the engine to the bounds of arithmetic (in cache) and of bandwidth (large states)?',
  async answer(context) {
    const rows: Row[] = [];
    for (const qubits of context.tiny === true ? [4] : [4, 8, 10, 12])
      rows.push(...(await inCache(context, qubits)));
    for (const qubits of context.tiny === true ? [6] : [20, 22])
      rows.push(...(await large(context, qubits)));
    return rows;
  },
};

function describe({ fused, multiplications, additions }: InstructionMix): string {
  const parts = [
    fused > 0 ? `${fused} fused multiply-adds` : '',
    multiplications > 0 ? `${multiplications} products` : '',
    additions > 0 ? `${additions} sums` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** Gates as written cost other operations than those executed, so that nothing can be promised about them. */
const unknownCost = `${name}: the engine does not report the operations it executes (explain().details.flops): no goal`;

/** A batch whose states stay in the cache: operations per second. */
async function inCache({ settings, tiny, skip }: Context, qubits: number): Promise<Row[]> {
  using engine = (await engineAt('f64'))!;
  const batch = tiny === true ? 8 : 256;
  const circuit = embeddedLayers(qubits, LAYERS);
  const program = engine.compile(circuit, zOn([0]));
  const values = { x: angles(batch * qubits, 0.3), w: angles(LAYERS * qubits * 3) };
  program.run(values);
  const { flops, source, mix } = costOf(circuit, program.explain());
  if (source !== 'executed') skip(unknownCost);
  const loop = computeLoop(mix);
  return await compare(
    {
      question: name,
      case: `${qubits} qubits, embedded data, ${LAYERS} strongly entangling layers, batch ${batch}, flops ${source}`,
      unit: 'GF/s',
      rate: true,
      ours: {
        timer: local(() => program.run(values)),
        toUnit: (seconds) => (1e-9 * flops * batch) / seconds,
      },
      peers: [
        {
          name: `bound: loads, ${describe(mix)} per vector, stores, 128 bits, in cache`,
          timer: local(loop.run),
          toUnit: (seconds) => (1e-9 * loop.amount) / seconds,
          ...(source === 'executed' ? { goal: GOAL } : {}),
        },
      ],
    },
    settings,
  );
}

/**
 * A large state: the time that its arithmetic or its traffic takes at least, whichever is longer, next to the time of a
 * run. Traffic is one reading and writing of the state for each stage that the engine reports.
 */
async function large({ settings }: Context, qubits: number): Promise<Row[]> {
  using engine = (await engineAt('f64'))!;
  const { circuit, w, name: title } = hardwareEfficientCase(qubits, 10);
  const program = engine.compile(circuit, zOn(Array.from({ length: qubits }, (_, q) => q)));
  program.run({ w });
  const explanation = program.explain();
  const { flops, source, mix } = costOf(circuit, explanation);
  const { stages } = explanation.details;
  const sweeps = typeof stages === 'number' ? stages : circuit.ops.length;
  const bytes = sweeps * 2 * 16 * 2 ** qubits;
  const compute = computeLoop(mix);
  const memory = bandwidthLoop(16 * 2 ** qubits);
  const toUnit = (seconds: number): number => 1e3 * seconds;
  const counted = typeof stages === 'number' ? `${sweeps} stages` : `${sweeps} gates, a sweep each`;
  const rows = await compare(
    {
      question: name,
      case: title,
      unit: 'ms',
      ours: { timer: local(() => program.run({ w })), toUnit },
      peers: [
        {
          name: `bound of arithmetic: ${(1e-9 * flops).toFixed(2)} GF ${source}, ${describe(mix)} per vector`,
          timer: local(compute.run),
          toUnit: (seconds) => toUnit((seconds * flops) / compute.amount),
        },
        {
          name: `bound of bandwidth: ${counted}, ${(bytes / 2 ** 30).toFixed(1)} GiB read and written`,
          timer: local(memory.run),
          toUnit: (seconds) => toUnit((seconds * bytes) / memory.amount),
        },
      ],
    },
    { budgetSeconds: 8, warmSeconds: 1, ...settings },
  );
  if (source !== 'executed') return rows;
  // The longer of the two is the one that binds.
  const binding = rows.reduce((a, b) => (a.ratio! >= b.ratio! ? a : b));
  return rows.map((row) =>
    row === binding ? { ...row, goal: GOAL, met: row.ratio! >= GOAL } : row,
  );
}
