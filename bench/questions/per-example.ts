import { expval, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import { angles, embeddedLayers, ones } from '../harness/circuits.ts';
import { local } from '../harness/measure.ts';
import { compare, mustAgree } from '../harness/question.ts';
import type { Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'per-example';
const LAYERS = 3;
/** Gradients of each example may take 1.1 times as long as their sum. */
const GOAL = 0.909;

/** What each example's own gradient costs. */
export const perExample: Question = {
  name,
  asks: 'What do per-example gradients cost next to their sum?',
  async answer({ settings }) {
    const engine = await cpu();
    const rows: Row[] = [];
    for (const [qubits, batch] of [
      [4, 32],
      [4, 256],
      [8, 256],
    ] as const) {
      const program = engine.compile(embeddedLayers(qubits, LAYERS), expval(Z(0)));
      const x = angles(batch * qubits, 0.3);
      const w = angles(LAYERS * qubits * 3);
      const dy = ones(batch);
      const one = ones(1);
      const sum = (): Float64Array => program.vjp({ x, w }, dy, { wrt: ['w'] }).w;
      const rowsOf = (): Float64Array =>
        program.vjp({ x, w }, dy, { wrt: ['w'], perExample: true }).w;
      let last: Float64Array = new Float64Array(0);
      const again = (): Float64Array => {
        const reuse = { w: last };
        last = program.vjp({ x, w }, dy, { wrt: ['w'], perExample: true, reuse }).w;
        return last;
      };
      const norms = (): Float64Array =>
        program.vjp({ x, w }, dy, { wrt: ['w'], squaredNorms: true }).w;
      const parts = Array.from({ length: batch }, (_, i) =>
        x.subarray(i * qubits, (i + 1) * qubits),
      );
      const loop = (): Float64Array[] =>
        parts.map((part) => program.vjp({ x: part, w }, one, { wrt: ['w'] }).w);
      mustAgree(
        `${name}, loop`,
        rowsOf(),
        loop().flatMap((gradient) => [...gradient]),
        1e-11,
      );
      const toUnit = (seconds: number): number => (1e6 * seconds) / batch;
      const label = `${qubits} qubits, ${LAYERS} layers, ${w.length} weights, batch ${batch}`;
      rows.push(
        ...(await compare(
          {
            question: name,
            case: `${label}, gradient of each example`,
            unit: 'us/example',
            ours: { timer: local(rowsOf), toUnit },
            peers: [
              {
                name: 'the summed gradient, same engine',
                timer: local(sum),
                toUnit,
                goal: GOAL,
              },
              {
                name: 'a loop of batches of one, same engine',
                timer: local(loop),
                toUnit,
                goal: 1,
              },
            ],
          },
          settings,
        )),
        ...(await compare(
          {
            question: name,
            case: `${label}, gradient of each example, memory reused`,
            unit: 'us/example',
            ours: { timer: local(again), toUnit },
            peers: [
              { name: 'the summed gradient, same engine', timer: local(sum), toUnit, goal: GOAL },
            ],
          },
          settings,
        )),
        ...(await compare(
          {
            question: name,
            case: `${label}, squared norm of each gradient`,
            unit: 'us/example',
            ours: { timer: local(norms), toUnit },
            peers: [
              { name: 'the summed gradient, same engine', timer: local(sum), toUnit, goal: GOAL },
            ],
          },
          settings,
        )),
      );
    }
    return rows;
  },
};
