import { expval, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import { angles, embeddedLayers, ones } from '../harness/circuits.ts';
import { elapsed } from '../harness/measure.ts';
import { compare, mustBeSame } from '../harness/question.ts';
import type { Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'threads';
const QUBITS = 6;
const LAYERS = 3;
const BATCH = 16_384;

/**
 * What workers gain on a large batch. One worker frees the calling thread and gains no time; of two, 1.6 is expected where
 * two cores are idle. It is not a goal, which busy cores would miss.
 */
export const threads: Question = {
  name,
  asks: 'How much faster do workers run a large batch than the calling thread?',
  async answer({ settings, skip }) {
    if (navigator.hardwareConcurrency < 2) {
      skip(`${name}: two workers cannot gain on this machine, which runs one thread at a time`);
    }
    const ansatz = embeddedLayers(QUBITS, LAYERS);
    const x = angles(BATCH * QUBITS, 0.3);
    const w = angles(LAYERS * QUBITS * 3);
    const dy = ones(BATCH);
    const rows: Row[] = [];
    const here = await cpu();
    const program = here.compile(ansatz, expval(Z(0)));
    const value = (): Float64Array => program.run({ x, w });
    const gradient = (): Float64Array => program.vjp({ x, w }, dy, { wrt: ['w'] }).w;
    const toUnit = (seconds: number): number => (1e6 * seconds) / BATCH;
    for (const workers of [1, 2] as const) {
      const label = workers === 1 ? '1 worker' : '2 workers (1.6x expected on idle cores)';
      using engine = await cpu({ threads: workers });
      const remote = engine.compile(ansatz, expval(Z(0)));
      const valueThere = (): Promise<Float64Array> => remote.run({ x, w });
      const gradientThere = async (): Promise<Float64Array> =>
        (await remote.vjp({ x, w }, dy, { wrt: ['w'] })).w;
      mustBeSame(`${name}, value`, await valueThere(), value());
      mustBeSame(`${name}, gradient`, await gradientThere(), gradient());
      for (const [what, ours, theirs] of [
        ['value', valueThere, value],
        ['gradient', gradientThere, gradient],
      ] as const) {
        rows.push(
          ...(await compare(
            {
              question: name,
              case: `${QUBITS} qubits, ${LAYERS} layers, batch ${BATCH}, ${what}, ${label}`,
              unit: 'us/example',
              ours: { timer: elapsed(ours), toUnit },
              peers: [{ name: 'the calling thread, same engine', timer: elapsed(theirs), toUnit }],
            },
            settings,
          )),
        );
      }
    }
    return rows;
  },
};
