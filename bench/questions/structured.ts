import { precisions } from '../harness/engines.ts';
import { brickwork, structuredCases } from '../harness/large-circuits.ts';
import type { NativeMode } from '../harness/native-sides.ts';
import type { Question } from '../harness/question.ts';
import { race } from '../harness/race.ts';
import type { Row } from '../harness/row.ts';
import type { Precision } from '../peers/native.ts';

const name = 'structured';

/** The ways in which peers run these circuits; the slower ones of `large` are left out. */
const modes: Readonly<Record<Precision, readonly NativeMode[]>> = {
  f64: [
    { peer: 'lightning.qubit' },
    { peer: 'qulacs', mode: 'as written' },
    { peer: 'qulacs', mode: 'optimize_light' },
    { peer: 'qulacs', mode: 'optimize(3)' },
    { peer: 'aer' },
  ],
  f32: [
    { peer: 'qsim', mode: 'f2' },
    { peer: 'qsim', mode: 'f3' },
    { peer: 'qsim', mode: 'f4' },
    { peer: 'aer' },
  ],
};

/** Least ratio promised for the brickwork, whose unitaries have nothing to exploit but their canonical form. */
const brickworkGoal: Readonly<Record<Precision, number>> = { f64: 1, f32: 0.5 };

/** Circuits with structure in f64, and one without in both precisions. */
export const structured: Question = {
  name,
  asks: 'QFT, adder, QAOA, IQP, Trotter steps and random brickwork on 20 qubits: how long is one run?',
  async answer(context) {
    const rows: Row[] = [];
    const qubits = context.tiny === true ? 8 : 20;
    for (const large of structuredCases(qubits)) {
      const entrants = modes.f64.map((mode) => ({ ...mode, goal: 1.5 }));
      const settings = { question: name, precision: 'f64', threads: 1, modes: entrants } as const;
      rows.push(...(await race(context, { ...settings, large })).rows);
    }
    for (const precision of precisions) {
      const entrants = modes[precision].map((mode) => ({
        ...mode,
        goal: brickworkGoal[precision],
      }));
      const settings = { question: name, precision, threads: 1, modes: entrants } as const;
      rows.push(...(await race(context, { ...settings, large: brickwork(qubits) })).rows);
    }
    return rows;
  },
};
