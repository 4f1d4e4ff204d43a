import { expval, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import { angles, embeddedLayers, ones } from '../harness/circuits.ts';
import { zOn } from '../harness/engines.ts';
import { hardwareEfficientCase } from '../harness/large-circuits.ts';
import { elapsed } from '../harness/measure.ts';
import { compare, mustBeSame } from '../harness/question.ts';
import type { Context, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'threads';
const QUBITS = 6;
const LAYERS = 3;

/**
 * What workers gain on a large batch, and on one large state. One worker frees the calling thread and gains no time; of
 * two, 1.6 is expected on a batch where two cores are idle, and 1.8 promised on a state. Busy cores miss both.
 */
export const threads: Question = {
  name,
  asks: 'How much faster do workers run a large batch, or one large state, than the calling thread?',
  async answer(context) {
    const { settings, skip, tiny } = context;
    const batch = tiny === true ? 512 : 16_384;
    if (navigator.hardwareConcurrency < 2) {
      skip(`${name}: two workers cannot gain on this machine, which runs one thread at a time`);
    }
    const ansatz = embeddedLayers(QUBITS, LAYERS);
    const x = angles(batch * QUBITS, 0.3);
    const w = angles(LAYERS * QUBITS * 3);
    const dy = ones(batch);
    const rows: Row[] = [];
    const here = await cpu();
    const program = here.compile(ansatz, expval(Z(0)));
    const value = (): Float64Array => program.run({ x, w });
    const gradient = (): Float64Array => program.vjp({ x, w }, dy, { wrt: ['w'] }).w;
    const toUnit = (seconds: number): number => (1e6 * seconds) / batch;
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
              case: `${QUBITS} qubits, ${LAYERS} layers, batch ${batch}, ${what}, ${label}`,
              unit: 'us/example',
              ours: { timer: elapsed(ours), toUnit },
              peers: [{ name: 'the calling thread, same engine', timer: elapsed(theirs), toUnit }],
            },
            settings,
          )),
        );
      }
    }
    for (const qubits of tiny === true ? [8] : [20, 22])
      rows.push(...(await oneState(context, qubits)));
    return rows;
  },
};

async function oneState({ settings }: Context, qubits: number): Promise<Row[]> {
  const { name: title, circuit, w } = hardwareEfficientCase(qubits, 10);
  const measurement = zOn(Array.from({ length: qubits }, (_, q) => q));
  using here = await cpu();
  using there = await cpu({ threads: 2 });
  const program = here.compile(circuit, measurement);
  const remote = there.compile(circuit, measurement);
  mustBeSame(`${name}, ${title}`, await remote.run({ w }), program.run({ w }));
  const toUnit = (seconds: number): number => 1e3 * seconds;
  return await compare(
    {
      question: name,
      case: `${title}, value, 2 workers`,
      unit: 'ms',
      ours: { timer: elapsed(() => remote.run({ w })), toUnit },
      peers: [
        {
          name: 'the calling thread, same engine',
          timer: elapsed(() => program.run({ w })),
          toUnit,
          goal: 1.8,
        },
      ],
    },
    { budgetSeconds: 8, warmSeconds: 1, ...settings },
  );
}
