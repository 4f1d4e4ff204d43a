import { primitives } from '@ketwork/circuit';
import type { Angle, Control, GateOp, MatrixOp, Op, Primitive } from '@ketwork/circuit';

/** A Pauli letter. */
export type Letter = 'X' | 'Y' | 'Z';

/** `exp(-i angle/2 P⊗Q)`: what is left of a gate on two qubits when its local parts are taken away. */
export interface TwoQubitRotation {
  readonly letters: readonly [Letter, Letter];
  readonly qubits: readonly [number, number];
  readonly angle: Angle;
}

/** An operation on one qubit, or a rotation that couples two. */
export type Part = GateOp | MatrixOp | TwoQubitRotation;

/**
 * An operation on two qubits as local operations and rotations about products of two Pauli letters, up to a global
 * phase; undefined where it is not of that kind.
 */
export function separated(op: Op): readonly Part[] | undefined {
  if (op.type !== 'gate' && op.type !== 'matrix') return undefined;
  if (op.type === 'matrix' && !op.unitary) return undefined;
  const parts: Part[] = [];
  for (const primitive of primitives(op)) {
    const found = partsOf(primitive);
    if (found === undefined) return undefined;
    parts.push(...found);
  }
  return parts.some(isRotation) ? parts : undefined;
}

/** Whether a part couples two qubits. */
export function isRotation(part: Part): part is TwoQubitRotation {
  return 'letters' in part;
}

function partsOf(primitive: Primitive): Part[] | undefined {
  const { controls } = primitive;
  switch (primitive.type) {
    case 'rotation': {
      const { word, qubits, angle } = primitive;
      const [first, second] = [...word] as Letter[];
      const [a, b] = qubits;
      if (qubits.length === 1 && controls.length === 0) return [turn(first!, a!, angle)];
      if (qubits.length === 2 && controls.length === 0) {
        return [{ letters: [first!, second!], qubits: [a!, b!], angle }];
      }
      if (qubits.length !== 1 || controls.length !== 1) return undefined;
      return controlledTurn(first!, a!, angle, controls[0]!);
    }
    case 'phase': {
      const all: Control[] = [
        ...primitive.qubits.map((qubit): Control => ({ qubit, value: 1 })),
        ...controls,
      ];
      // |v⟩⟨v| = (1 + s Z)/2 with s = -1 for v = 1.
      const [a, b] = all;
      if (a === undefined) return [];
      if (b === undefined) return [turn('Z', a.qubit, times(-sign(a), primitive.angle))];
      if (all.length > 2) return undefined;
      return [
        turn('Z', a.qubit, times(-sign(a) / 2, primitive.angle)),
        turn('Z', b.qubit, times(-sign(b) / 2, primitive.angle)),
        {
          letters: ['Z', 'Z'],
          qubits: [a.qubit, b.qubit],
          angle: times((-sign(a) * sign(b)) / 2, primitive.angle),
        },
      ];
    }
    case 'matrix': {
      const { qubits, matrix } = primitive;
      if (qubits.length !== 1) return undefined;
      if (controls.length === 0) {
        return [{ type: 'matrix', qubits, matrix, unitary: true, controls: [] }];
      }
      return controls.length === 1 ? controlledMatrix(matrix, qubits[0]!, controls[0]!) : undefined;
    }
  }
}

/** -1 for a control of value 1, whose projector is (1 - Z)/2. */
function sign(control: Control): number {
  return control.value === 1 ? -1 : 1;
}

function times(factor: number, angle: Angle): Angle {
  return typeof angle === 'number' ? factor * angle + 0 : { mul: [factor, angle] };
}

function turn(letter: Letter, qubit: number, angle: Angle): GateOp {
  return { type: 'gate', gate: `R${letter}`, qubits: [qubit], angles: [angle], controls: [] };
}

function controlledTurn(letter: Letter, qubit: number, angle: Angle, control: Control): Part[] {
  return [
    turn(letter, qubit, times(0.5, angle)),
    {
      letters: [letter, 'Z'],
      qubits: [qubit, control.qubit],
      angle: times(sign(control) / 2, angle),
    },
  ];
}

/** A controlled unitary e^{iα} W RZ(β) W†: W turns the z axis to that of the unitary. */
function controlledMatrix(matrix: readonly number[], qubit: number, control: Control): Part[] {
  const [a0 = 0, a1 = 0, b0 = 0, b1 = 0, c0 = 0, c1 = 0, d0 = 0, d1 = 0] = matrix;
  const alpha =
    Math.atan2(a0 * d1 + a1 * d0 - b0 * c1 - b1 * c0, a0 * d0 - a1 * d1 - b0 * c0 + b1 * c1) / 2;
  const [cos, sin] = [Math.cos(alpha), Math.sin(alpha)];
  // e^{-iα} U = cos(β/2) - i sin(β/2) (x X + y Y + z Z)
  const real = (re: number, im: number): number => cos * re + sin * im;
  const imaginary = (re: number, im: number): number => cos * im - sin * re;
  const z = (imaginary(d0, d1) - imaginary(a0, a1)) / 2;
  const x = -(imaginary(b0, b1) + imaginary(c0, c1)) / 2;
  const y = (real(c0, c1) - real(b0, b1)) / 2;
  const beta = 2 * Math.atan2(Math.hypot(x, y, z), (real(a0, a1) + real(d0, d1)) / 2);
  const [polar, azimuth] = [Math.atan2(Math.hypot(x, y), z), Math.atan2(y, x)];
  return [
    turn('Z', control.qubit, -sign(control) * alpha + 0),
    turn('Z', qubit, 0 - azimuth),
    turn('Y', qubit, 0 - polar),
    ...controlledTurn('Z', qubit, beta, control),
    turn('Y', qubit, polar),
    turn('Z', qubit, azimuth),
  ];
}
