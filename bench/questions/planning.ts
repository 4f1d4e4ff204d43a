import { cpu } from '@ketwork/simulator';
import { everyZ, families } from '../harness/planning-circuits.ts';
import type { Question } from '../harness/question.ts';
import { makeRow } from '../harness/row.ts';
import type { Row } from '../harness/row.ts';

const name = 'planning';
/** What planning 1,000 gates may take. */
const MOST = 20;
/** Circuits of each family that are planned beforehand. */
const KNOWN = 20;

/** Milliseconds of processor time of this thread, which does all the planning. */
function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** What it costs to plan a circuit that the process has not seen: passes, and the code. */
export const planning: Question = {
  name,
  asks: '1,000 gates on 20 qubits: how long are compiling and writing the code of a new structure?',
  async answer({ settings, tiny }) {
    const [qubits, gates, known] = tiny === true ? [14, 40, 1] : [20, 1000, KNOWN];
    // The time of a thread goes on in steps of a millisecond or more, too coarse for small circuits.
    const now = tiny === true ? (): number => performance.now() : threadTime;
    using engine = await cpu();
    const samples = families.map(() => ({ compiled: [] as number[], written: [] as number[] }));
    for (let round = 0; round < known + settings.rounds; round++) {
      for (const [i, family] of families.entries()) {
        const made = family.make(qubits, gates, 1000 + round);
        const start = now();
        const program = engine.compile(made, everyZ(qubits));
        const compiled = now() - start;
        // Explaining a program takes its code.
        program.explain();
        const written = now() - start;
        if (round < known) continue;
        samples[i]!.compiled.push(compiled);
        samples[i]!.written.push(written);
      }
    }
    return families.flatMap((family, i): Row[] => {
      const { compiled, written } = samples[i]!;
      const label = `${gates} gates on ${qubits} qubits, ${family.name}`;
      return [
        makeRow({ question: name, case: `${label}, compiled`, unit: 'ms', ours: compiled }),
        makeRow({
          question: name,
          case: `${label}, compiled and code written`,
          unit: 'ms',
          ours: written,
          peer: [MOST],
          peerName: `${MOST} ms`,
          goal: 1,
        }),
      ];
    });
  },
};
