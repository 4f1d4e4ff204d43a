import type { Angle, Builder, Circuit } from '../../src/index.ts';
import { circuit } from '../../src/index.ts';
import { angleText } from '../../src/draw/angle-text.ts';

/** The gates of a circuit, one line each: `RX(x[0]) 0`. */
function gateList(data: Circuit): string[] {
  return data.ops.map((op) => {
    if (op.type !== 'gate') return op.type;
    const angles = op.angles.map((angle: Angle) => angleText(angle, data.slots)).join(',');
    return [angles === '' ? op.gate : `${op.gate}(${angles})`, ...op.qubits].join(' ');
  });
}

/** The gates that a template adds. */
export function gatesOf(qubits: number, build: (q: Builder) => unknown): string[] {
  return gateList(circuit(qubits, build));
}
