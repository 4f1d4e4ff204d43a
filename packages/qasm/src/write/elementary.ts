import { eulerAngles, gate, primitives } from '@ketwork/circuit';
import type { Control, GateOp, MatrixOp, Primitive } from '@ketwork/circuit';

/** A call of a gate of `qelib1.inc`. */
export interface Call {
  readonly name: string;
  readonly turns: readonly number[];
  readonly qubits: readonly number[];
}

const call = (name: string, turns: readonly number[], ...qubits: readonly number[]): Call => ({
  name,
  turns,
  qubits,
});

/** Names of X under so many controls. */
const FLIPS = ['x', 'cx', 'ccx', 'c3x', 'c4x'];

/** Names of gates of one or two qubits under one control. */
const CONTROLLED: Readonly<Record<string, string>> = {
  Y: 'cy', Z: 'cz', H: 'ch', SX: 'csx', P: 'cu1', RX: 'crx', RY: 'cry', RZ: 'crz', U3: 'cu3', SWAP: 'cswap',
}; // prettier-ignore

/**
 * A gate, or a matrix of one qubit, as gates of `qelib1.inc`, up to a global phase.
 * Controlled phases and rotations follow Barenco et al., Phys. Rev. A 52, 3457 (1995).
 */
export function elementary(op: GateOp | MatrixOp): readonly Call[] {
  const calls: Call[] = [];
  // A control of value 0 is one of value 1 between two flips.
  const zeros = op.controls.filter(({ value }) => value === 0).map(({ qubit }) => qubit);
  for (const qubit of zeros) calls.push(call('x', [], qubit));
  if (op.type === 'matrix') {
    calls.push(
      ...oneQubit(
        op.matrix,
        op.controls.map(({ qubit }) => qubit),
        op.qubits[0]!,
      ),
    );
  } else calls.push(...plain(op));
  for (const qubit of zeros) calls.push(call('x', [], qubit));
  return calls;
}

/** A gate whose controls all have the value 1. */
function plain(op: GateOp): readonly Call[] {
  const row = gate(op.gate);
  const controls = [...op.controls.map(({ qubit }) => qubit), ...op.qubits.slice(0, row.controls)];
  const targets = op.qubits.slice(row.controls);
  const base = row.base ?? row.name;
  const turns = op.angles as readonly number[];
  if (base === 'GPhase') return phase(turns[0]!, controls);
  if (base === 'I') return [call('id', [], ...targets)];
  if (base === 'X' && controls.length < FLIPS.length)
    return [call(FLIPS[controls.length]!, [], ...controls, ...targets)];
  const own = gate(base).qasm.v2;
  if (controls.length === 0 && own !== undefined) return [call(own, turns, ...targets)];
  const under = controls.length === 1 ? CONTROLLED[base] : undefined;
  if (under !== undefined) return [call(under, turns, controls[0]!, ...targets)];
  if (base === 'SWAP') {
    const [a, b] = targets as [number, number];
    return [call('cx', [], b, a), ...flip([...controls, a], b), call('cx', [], b, a)];
  }
  if (base === 'ISWAP' || base === 'ISWAPdg') {
    const turn = ((base === 'ISWAP' ? -1 : 1) * Math.PI) / 2;
    return ['XX', 'YY'].flatMap((word) => rotation(word, turn, controls, targets));
  }
  // X⊗1 after exp(-i π/4 Z⊗X)
  if (base === 'ECR')
    return [...rotation('ZX', Math.PI / 2, controls, targets), ...flip(controls, targets[0]!)];
  if (base === 'Rot' && controls.length === 0)
    return [call('u3', [turns[1]!, turns[2]!, turns[0]!], ...targets)];
  const on = op.controls.map(({ qubit }): Control => ({ qubit, value: 1 }));
  return primitives({ ...op, controls: on }).flatMap((factor) => ofPrimitive(factor));
}

function ofPrimitive(factor: Primitive): readonly Call[] {
  const controls = factor.controls.map(({ qubit }) => qubit);
  if (factor.type === 'phase')
    return phase(factor.angle as number, [...controls, ...factor.qubits]);
  if (factor.type === 'rotation')
    return rotation(factor.word, factor.angle as number, controls, factor.qubits);
  return oneQubit(factor.matrix, controls, factor.qubits[0]!);
}

/** `e^{iφ}` where all qubits are 1. */
function phase(turn: number, qubits: readonly number[]): readonly Call[] {
  const target = qubits.at(-1);
  if (target === undefined) return [];
  if (qubits.length === 1) return [call('u1', [turn], target)];
  if (qubits.length === 2) return [call('cu1', [turn], ...qubits)];
  const last = qubits.at(-2)!;
  const rest = qubits.slice(0, -2);
  return [
    call('cu1', [turn / 2], last, target),
    ...flip(rest, last),
    call('cu1', [-turn / 2], last, target),
    ...flip(rest, last),
    ...phase(turn / 2, [...rest, target]),
  ];
}

/** X under controls. */
function flip(controls: readonly number[], target: number): readonly Call[] {
  if (controls.length < FLIPS.length)
    return [call(FLIPS[controls.length]!, [], ...controls, target)];
  return [call('h', [], target), ...phase(Math.PI, [...controls, target]), call('h', [], target)];
}

/** `exp(-i θ/2 P)` under controls: turned to Z on the last qubit, where the controls act. */
function rotation(
  word: string,
  turn: number,
  controls: readonly number[],
  qubits: readonly number[],
): readonly Call[] {
  const change = (sign: 1 | -1): Call[] =>
    [...word].flatMap((letter, i) => {
      if (letter === 'X') return [call('h', [], qubits[i]!)];
      return letter === 'Y' ? [call('rx', [(sign * Math.PI) / 2], qubits[i]!)] : [];
    });
  const last = qubits.at(-1)!;
  const ladder = qubits.slice(0, -1).map((qubit) => call('cx', [], qubit, last));
  return [
    ...change(1),
    ...ladder,
    ...turned(turn, controls, last),
    ...ladder.toReversed(),
    ...change(-1),
  ];
}

/** RZ under controls. */
function turned(turn: number, controls: readonly number[], target: number): readonly Call[] {
  if (controls.length === 0) return [call('rz', [turn], target)];
  if (controls.length === 1) return [call('crz', [turn], controls[0]!, target)];
  return [
    call('rz', [turn / 2], target),
    ...flip(controls, target),
    call('rz', [-turn / 2], target),
    ...flip(controls, target),
  ];
}

/** A unitary matrix of one qubit under controls: `e^{iα}·P(φ)·RY(θ)·P(λ)`. */
function oneQubit(
  matrix: ArrayLike<number>,
  controls: readonly number[],
  target: number,
): readonly Call[] {
  const { alpha, theta, phi, lambda } = eulerAngles(matrix);
  if (controls.length === 0) return [call('u3', [theta, phi, lambda], target)];
  const shift = phase(alpha, controls);
  if (controls.length === 1)
    return [call('cu3', [theta, phi, lambda], controls[0]!, target), ...shift];
  return [
    ...phase(lambda, [...controls, target]),
    ...rotation('Y', theta, controls, [target]),
    ...phase(phi, [...controls, target]),
    ...shift,
  ];
}
