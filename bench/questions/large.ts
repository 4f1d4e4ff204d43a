import { hardwareEfficientCase } from '../harness/large-circuits.ts';
import type { NativeMode } from '../harness/native-sides.ts';
import type { Context, Question } from '../harness/question.ts';
import { race } from '../harness/race.ts';
import type { RaceResult } from '../harness/race.ts';
import type { Row } from '../harness/row.ts';
import type { Precision } from '../peers/native.ts';
import { precisions } from '../harness/engines.ts';

const name = 'large';
const LAYERS = 10;

/** The ways in which peers run one large state, with the least ratios promised. */
const modes: Readonly<Record<Precision, readonly NativeMode[]>> = {
  f64: [
    { peer: 'lightning.qubit', goal: 2 },
    { peer: 'default.qubit', goal: 2 },
    { peer: 'qulacs', mode: 'as written', goal: 2 },
    { peer: 'qulacs', mode: 'optimize_light', goal: 2 },
    { peer: 'qulacs', mode: 'optimize(2)', goal: 2 },
    { peer: 'qulacs', mode: 'optimize(3)', goal: 2 },
    { peer: 'aer', goal: 2 },
  ],
  f32: [
    { peer: 'qsim', mode: 'f2', goal: 1.2 },
    { peer: 'qsim', mode: 'f3', goal: 1.2 },
    { peer: 'qsim', mode: 'f4', goal: 1.2 },
    { peer: 'lightning.qubit' },
    { peer: 'aer' },
  ],
};

/** Why a peer is not asked at all. */
const leftOut =
  'TensorCircuit: for 16 qubits its contraction by default asks for 200 GB; gate by gate it stages for 40 s and takes 3 times as long as lightning.qubit';

/** The most modes that go on to another case. */
const MOST = 3;

/** How many modes go on to a size: all, the best of the size before, only the fastest. */
const sizes = [
  { qubits: 16, modes: Infinity },
  { qubits: 20, modes: 3 },
  { qubits: 22, modes: 2 },
  { qubits: 24, modes: 1 },
] as const;

/** One large state, whose hardware-efficient circuit leaves little structure to exploit. */
export const large: Question = {
  name,
  asks: '10 hardware-efficient layers on 16 to 24 qubits: how long is one run?',
  async answer(context) {
    const rows: Row[] = [];
    const all = context.tiny === true ? [{ qubits: 6, modes: Infinity }] : sizes;
    if (context.peers.native !== undefined) context.skip(`${name}: ${leftOut}`);
    for (const precision of precisions) {
      let smallest: RaceResult['ranking'] | undefined;
      for (const threads of [1, 2] as const) {
        // On two threads with the best on one.
        let ranking = smallest;
        for (const { qubits, modes: count } of all) {
          const entrants = narrowed(
            context,
            modes[precision],
            ranking,
            Math.min(count, MOST),
            qubits,
          );
          const result = await race(context, {
            question: name,
            large: hardwareEfficientCase(qubits, LAYERS),
            precision,
            threads,
            modes: entrants,
          });
          rows.push(...result.rows);
          if (result.rows.length === 0) break;
          ranking = result.ranking;
          smallest ??= ranking;
        }
      }
    }
    return rows;
  },
};

/** The fastest of the size before; those left out are named. */
function narrowed(
  { skip }: Context,
  everyone: readonly NativeMode[],
  ranking: RaceResult['ranking'] | undefined,
  count: number,
  qubits: number,
): readonly NativeMode[] {
  if (ranking === undefined) return everyone;
  const fastest = ranking[0]?.seconds ?? 0;
  for (const { mode, seconds } of ranking.slice(count)) {
    const factor = (seconds / fastest).toFixed(1);
    const label = `${mode.peer} ${mode.mode ?? ''}`.trim();
    skip(`${name}: ${label} from ${qubits} qubits on: ${factor} times as long as the fastest`);
  }
  return ranking.slice(0, count).map(({ mode }) => mode);
}
