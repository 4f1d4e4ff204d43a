// Angles as people type them: read by the library's OpenQASM reader, so `3*pi/4` and `arccos(1/3)` work.
import { parseQasm } from '@ketwork/qasm';

/** Radians from an expression, or undefined where it is none. */
export function readAngle(text: string): number | undefined {
  const plain = text.trim().replaceAll('−', '-').replaceAll(',', '.');
  // 3π/4 → 3*pi/4
  const spelled = plain
    .replaceAll(/(\d)\s*π/gu, '$1*pi')
    .replaceAll('π', 'pi')
    // OpenQASM divides integers without a remainder.
    .replaceAll(/(?<![\w.]|e[-+])\d+(?![\w.])/giu, '$&.0');
  if (spelled === '' || /[;{}"\n]/u.test(spelled)) return undefined;
  try {
    const { circuit } = parseQasm(
      `OPENQASM 3.0; include "stdgates.inc"; qubit q; rx(${spelled}) q;`,
    );
    const [op] = circuit.ops;
    const angle = circuit.ops.length === 1 && op?.type === 'gate' ? op.angles[0] : undefined;
    return typeof angle === 'number' && Number.isFinite(angle) ? angle : undefined;
  } catch {
    return undefined;
  }
}
