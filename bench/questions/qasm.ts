import { parseQasm, toQasm } from '@ketwork/qasm';
import { Random } from '@ketwork/testing';
import { local } from '../harness/measure.ts';
import { compare, firstLine, mustAgree } from '../harness/question.ts';
import type { PeerSide, Question } from '../harness/question.ts';
import { makeRow } from '../harness/row.ts';
import type { Row } from '../harness/row.ts';
import type { Prepared } from '../peers/native.ts';

const name = 'qasm';
const QUBITS = 20;

/** A program of so many gates, with the mix of names, angles and expressions that benchmark files have. */
function program(gates: number, version: 2 | 3): string {
  const random = new Random(gates);
  const lines =
    version === 2
      ? ['OPENQASM 2.0;', 'include "qelib1.inc";', `qreg q[${QUBITS}];`, `creg c[${QUBITS}];`]
      : ['OPENQASM 3.0;', 'include "stdgates.inc";', `qubit[${QUBITS}] q;`, `bit[${QUBITS}] c;`];
  const phase = version === 2 ? 'cu1' : 'cp';
  for (let i = 0; i < gates; i++) {
    const [a, b] = random.sample([...Array(QUBITS).keys()], 2) as [number, number];
    const x = random.uniform(-3, 3).toFixed(6);
    lines.push(
      random.pick([
        `h q[${a}];`,
        `t q[${a}];`,
        `cx q[${a}],q[${b}];`,
        `rz(${x}*pi/4) q[${a}];`,
        `u3(${x},-pi/2,pi/${random.integer(1, 8)}) q[${a}];`,
        `${phase}(pi/${random.integer(1, 64)}) q[${a}],q[${b}];`,
      ]),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Reading OpenQASM: text into a checked, frozen circuit, next to Qiskit. Writing it back, without a peer. */
export const qasm: Question = {
  name,
  asks: 'A program of 100,000 gates: how long does reading take?',
  async answer({ settings, tiny, peers, skip }) {
    const gates = tiny === true ? 200 : 100_000;
    const native = await peers.native?.(1);
    const rows: Row[] = [];
    for (const version of [2, 3] as const) {
      const text = program(gates, version);
      const { circuit } = parseQasm(text);
      const toUnit = (seconds: number): number => 1000 * seconds;
      const sides: PeerSide[] = [];
      let prepared: Prepared | undefined;
      if (native?.has('aer') === true) {
        // Qiskit's reader of version 3 is in Python: it gets a part, and its time is scaled.
        const part = version === 2 ? gates : Math.ceil(gates / 50);
        try {
          prepared = await native.parsing(program(part, version), version);
          mustAgree(`${name} ${version}, operations`, [part], prepared.value);
          sides.push({
            name:
              `qiskit.qasm${version}.loads` + (part === gates ? '' : `, ${part} gates at a time`),
            timer: prepared.timer,
            toUnit: (seconds) => toUnit(seconds) * (gates / part),
            goal: 1,
          });
        } catch (error) {
          skip(`Qiskit, OpenQASM ${version}: ${firstLine(error)}`);
        }
      }
      const reading = local(() => parseQasm(text));
      const label = `${gates} gates on ${QUBITS} qubits, version ${version}`;
      const read = await compare(
        {
          question: name,
          case: `read ${label}`,
          unit: 'ms',
          ours: { timer: reading, toUnit },
          peers: sides,
        },
        settings,
      );
      rows.push(
        ...read,
        makeRow({
          question: name,
          case: `read ${label}, one time`,
          unit: 'ms',
          ours: [read[0]!.ours],
          peer: [1000],
          peerName: 'a second',
          goal: 1,
        }),
        ...(await compare(
          {
            question: name,
            case: `write ${label}`,
            unit: 'ms',
            ours: { timer: local(() => toQasm(circuit, { version })), toUnit },
            peers: [],
          },
          settings,
        )),
      );
      await prepared?.drop();
    }
    return rows;
  },
};
