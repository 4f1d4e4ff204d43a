import { negated, productOf } from '../expression.ts';
import type { Angle, GateOp } from '../types.ts';

/** Collects gates RX, RY, RZ, H and CNOT, and knows how to make larger ones of them. */
export class Elementary {
  readonly ops: GateOp[] = [];
  /** Number of qubits of the circuit: those an operation does not touch may be borrowed. */
  readonly #qubits: number;

  constructor(qubits: number) {
    this.#qubits = qubits;
  }

  turn(letter: string, angle: Angle, qubit: number): void {
    if (angle === 0) return;
    this.#push(`R${letter}`, [qubit], [angle]);
  }

  h(qubit: number): void {
    this.#push('H', [qubit], []);
  }

  x(qubit: number): void {
    this.turn('X', Math.PI, qubit);
  }

  cnot(control: number, target: number): void {
    this.#push('CNOT', [control, target], []);
  }

  /** `e^{i angle}` where all qubits are 1, up to a global phase where there is one qubit. */
  phase(qubits: readonly number[], angle: Angle): void {
    if (qubits.length === 0 || angle === 0) return;
    const [a, b, c] = qubits as [number, number, number];
    const part = (factor: number): Angle => productOf(factor, angle);
    if (qubits.length === 1) return this.turn('Z', angle, a);
    if (qubits.length === 2) {
      this.turn('Z', part(0.5), a);
      this.turn('Z', part(0.5), b);
      this.cnot(a, b);
      this.turn('Z', part(-0.5), b);
      return this.cnot(a, b);
    }
    if (qubits.length === 3) {
      // A phase for the parity of every subset (Amy, Maslov, Mosca, IEEE TCAD 33, 1476 (2014)).
      this.cnot(b, c);
      this.turn('Z', part(-0.25), c);
      this.cnot(a, c);
      this.turn('Z', part(0.25), c);
      this.cnot(b, c);
      this.turn('Z', part(-0.25), c);
      this.cnot(a, c);
      this.turn('Z', part(0.25), c);
      this.turn('Z', part(0.25), b);
      this.cnot(a, b);
      this.turn('Z', part(-0.25), b);
      this.cnot(a, b);
      return this.turn('Z', part(0.25), a);
    }
    // Barenco et al., Phys. Rev. A 52, 3457 (1995), lemma 7.5, with the last qubit as target.
    const controls = qubits.slice(0, -2);
    const [last, target] = [qubits.at(-2)!, qubits.at(-1)!];
    this.phase([last, target], part(0.5));
    this.not(controls, last);
    this.phase([last, target], part(-0.5));
    this.not(controls, last);
    this.phase([...controls, target], part(0.5));
  }

  /** X where all controls are 1. */
  not(controls: readonly number[], target: number): void {
    const k = controls.length;
    const [first, second] = controls as [number, number];
    if (k === 0) return this.x(target);
    if (k === 1) return this.cnot(first, target);
    const free: number[] = [];
    for (let q = 0; q < this.#qubits; q++) {
      if (q !== target && !controls.includes(q)) free.push(q);
    }
    if (k === 2 || free.length === 0) {
      this.h(target);
      this.phase([...controls, target], Math.PI);
      return this.h(target);
    }
    if (free.length >= k - 2) {
      // Lemma 7.2: borrowed qubits, in any state, hold conjunctions for a while.
      const borrowed = free.slice(0, k - 2);
      const outer: [number, number, number][] = [];
      for (let i = k - 1; i >= 2; i--) {
        outer.push([controls[i]!, borrowed[i - 2]!, i === k - 1 ? target : borrowed[i - 1]!]);
      }
      const run = (list: readonly [number, number, number][]): void => {
        list.forEach(([a, b, t]) => this.not([a, b], t));
        this.not([first, second], borrowed[0]!);
        [...list].reverse().forEach(([a, b, t]) => this.not([a, b], t));
      };
      run(outer);
      return run(outer.slice(1));
    }
    // Lemma 7.3: one borrowed qubit splits the controls in two halves.
    const half = Math.ceil(k / 2);
    const [through] = free as [number];
    for (let twice = 0; twice < 2; twice++) {
      this.not(controls.slice(0, half), through);
      this.not([...controls.slice(half), through], target);
    }
  }

  /** `exp(-i angle/2 P)` for a product of Pauli letters, where all controls are 1. */
  rotation(
    word: string,
    qubits: readonly number[],
    angle: Angle,
    controls: readonly number[],
  ): void {
    const target = qubits.at(-1)!;
    if (word.length === 1 && controls.length === 0) return this.turn(word, angle, target);
    const ladder = [...qubits.keys()].slice(0, -1);
    const change = (sign: number): void =>
      qubits.forEach((qubit, i) => {
        if (word[i] === 'X') this.h(qubit);
        else if (word[i] === 'Y') this.turn('X', (sign * Math.PI) / 2, qubit);
      });
    change(1);
    for (const i of ladder) this.cnot(qubits[i]!, qubits[i + 1]!);
    if (controls.length === 0) this.turn('Z', angle, target);
    else {
      this.turn('Z', productOf(0.5, angle), target);
      this.not(controls, target);
      this.turn('Z', negated(productOf(0.5, angle)), target);
      this.not(controls, target);
    }
    for (const i of ladder.reverse()) this.cnot(qubits[i]!, qubits[i + 1]!);
    change(-1);
  }

  #push(gate: string, qubits: readonly number[], angles: readonly Angle[]): void {
    this.ops.push({ type: 'gate', gate, qubits, angles, controls: [] });
  }
}
