import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cpu } from '@ketwork/simulator';
import { firstCall as timed, structureOf } from '../harness/first-call.ts';
import type { FirstCall, What } from '../harness/first-call.ts';
import type { Question } from '../harness/question.ts';
import { makeRow } from '../harness/row.ts';
import type { Row } from '../harness/row.ts';

const name = 'first-call';
const script = fileURLToPath(new URL('../harness/first-call-process.ts', import.meta.url));
const execute = promisify(execFile);

async function inNewProcess(
  qubits: number,
  batch: number,
  seed: number,
  what: What,
): Promise<FirstCall> {
  const { stdout } = await execute(process.execPath, [
    script,
    ...[qubits, batch, seed, what].map(String),
  ]);
  return JSON.parse(stdout) as FirstCall;
}

/** What the first call of a structure costs, compiling included, next to later calls. Wall time: it needs idle cores. */
export const firstCall: Question = {
  name,
  asks: '10 qubits, batch 256: how long are compiling and the first call of a new structure?',
  async answer({ settings, tiny }) {
    const [qubits, batch] = tiny === true ? [3, 8] : [10, 256];
    using engine = await cpu();
    const rows: Row[] = [];
    for (const what of ['value', 'gradient'] as const) {
      // The process is warm after some other structures.
      const known = tiny === true ? 1 : 5;
      const warm: FirstCall[] = [];
      for (let seed = 0; seed < known + settings.rounds; seed++) {
        const times = timed(engine, structureOf(qubits, 1000 + seed), what, batch);
        if (seed >= known) warm.push(times);
      }
      const cold: FirstCall[] = [];
      for (let seed = 0; seed < settings.rounds; seed++)
        cold.push(await inNewProcess(qubits, batch, 2000 + seed, what));
      for (const [where, times, goal] of [
        ['warm process', warm, 0.5],
        ['cold process', cold, 0.25],
      ] as const) {
        rows.push(
          makeRow({
            question: name,
            case: `${qubits} qubits, batch ${batch}, ${what}, new structure in a ${where}`,
            unit: 'ms',
            ours: times.map(({ first }) => first),
            peer: times.map(({ later }) => later),
            peerName: 'later calls, same engine',
            goal,
          }),
        );
      }
    }
    return rows;
  },
};
