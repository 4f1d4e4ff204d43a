import { key, uniformAt } from '@ketwork/base';
import { circuit, gates } from '../../src/index.ts';
import type { Circuit } from '../../src/index.ts';

/** A random constant circuit over the gate table with angles that often repeat, so that there is something to merge. */
export function randomGates(
  seed: number,
  qubits: number,
  count: number,
  most: number = qubits,
): Circuit {
  const stream = key(seed);
  let at = 0;
  const below = (bound: number): number => Math.floor(uniformAt(stream, 0, at++) * bound);
  const rows = gates.filter((row) => row.qubits === 'any' || row.qubits <= Math.min(qubits, most));
  return circuit(qubits, (q) => {
    for (let i = 0; i < count; i++) {
      const row = rows[below(rows.length)]!;
      const order = Array.from({ length: qubits }, (_, k) => k);
      for (let k = qubits - 1; k > 0; k--) {
        const j = below(k + 1);
        [order[k], order[j]] = [order[j]!, order[k]!];
      }
      const size = row.qubits === 'any' ? 1 + below(Math.min(most, qubits)) : row.qubits;
      const angles = row.parameters.map(() => [0.3, -0.3, 0.8, Math.PI, 0][below(5)]!);
      const word = Array.from({ length: size }, () => 'XYZ'[below(3)]).join('');
      const controls = size < Math.min(most, qubits) && below(6) === 0 ? [order[size]!] : [];
      q.gate(row.name, angles, order.slice(0, size), {
        controls,
        ...(row.name === 'PauliRot' ? { word } : {}),
      });
    }
  });
}
