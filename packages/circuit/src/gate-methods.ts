import type { AngleLike } from './angle.ts';
import type { Control } from './types.ts';

/** A control given as a qubit (where it is 1) or with the value that switches the operation on. */
export type ControlLike = number | Control;

/** The control that was meant: a bare qubit must be 1. */
export function controlOf(like: ControlLike): Control {
  return typeof like === 'number'
    ? { qubit: like, value: 1 }
    : { qubit: like.qubit, value: like.value };
}

/** Options of `gate`. */
export interface GateOptions {
  /** Further qubits that must have a value (1 by default) for the gate to act. */
  readonly controls?: readonly ControlLike[];
  /** Pauli letters of a `PauliRot`, one per qubit. */
  readonly word?: string;
}

/**
 * The gates of the gate table as methods: angles first, in radians, then qubits. All return the builder.
 * Qubits, angles and names are checked when the circuit is complete.
 *
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * console.log(circuit(2, (q) => q.h(0).crx(0.3, 0, 1).pauliRot(0.2, 'XZ', [0, 1])).ops.length); // 3
 * ```
 */
export abstract class GateMethods {
  /**
   * Any gate of the gate table by name or alias.
   *
   * @param name Such as `RX`, `CNOT`, `cx`.
   * @param angles Its parameters in radians.
   * @param qubits Its qubits in the order of the table, controls first.
   */
  abstract gate(
    name: string,
    angles: readonly AngleLike[],
    qubits: number | readonly number[],
    options?: GateOptions,
  ): this;

  /** Identity. */
  i(qubit: number): this {
    return this.gate('I', [], qubit);
  }

  /** Pauli X, the NOT gate. */
  x(qubit: number): this {
    return this.gate('X', [], qubit);
  }

  /** Pauli Y. */
  y(qubit: number): this {
    return this.gate('Y', [], qubit);
  }

  /** Pauli Z. */
  z(qubit: number): this {
    return this.gate('Z', [], qubit);
  }

  /** Hadamard: `(X + Z)/√2`. */
  h(qubit: number): this {
    return this.gate('H', [], qubit);
  }

  /** `diag(1, i)`. */
  s(qubit: number): this {
    return this.gate('S', [], qubit);
  }

  /** `diag(1, -i)`. */
  sdg(qubit: number): this {
    return this.gate('Sdg', [], qubit);
  }

  /** `diag(1, e^{iπ/4})`. */
  t(qubit: number): this {
    return this.gate('T', [], qubit);
  }

  /** `diag(1, e^{-iπ/4})`. */
  tdg(qubit: number): this {
    return this.gate('Tdg', [], qubit);
  }

  /** Square root of X. */
  sx(qubit: number): this {
    return this.gate('SX', [], qubit);
  }

  /** Inverse square root of X. */
  sxdg(qubit: number): this {
    return this.gate('SXdg', [], qubit);
  }

  /** Phase shift: `diag(1, e^{iφ})`. */
  p(phi: AngleLike, qubit: number): this {
    return this.gate('P', [phi], qubit);
  }

  /** Rotation about x: `exp(-i θ/2 X)`. */
  rx(theta: AngleLike, qubit: number): this {
    return this.gate('RX', [theta], qubit);
  }

  /** Rotation about y: `exp(-i θ/2 Y)`. */
  ry(theta: AngleLike, qubit: number): this {
    return this.gate('RY', [theta], qubit);
  }

  /** Rotation about z: `exp(-i θ/2 Z)`. */
  rz(theta: AngleLike, qubit: number): this {
    return this.gate('RZ', [theta], qubit);
  }

  /** Any rotation: `RZ(c)·RY(b)·RZ(a)`. */
  rot(a: AngleLike, b: AngleLike, c: AngleLike, qubit: number): this {
    return this.gate('Rot', [a, b, c], qubit);
  }

  /** `P(φ)·RY(θ)·P(λ)`, the U of OpenQASM 2. */
  u3(theta: AngleLike, phi: AngleLike, lambda: AngleLike, qubit: number): this {
    return this.gate('U3', [theta, phi, lambda], qubit);
  }

  /** `U3(π/2, φ, λ)`. */
  u2(phi: AngleLike, lambda: AngleLike, qubit: number): this {
    return this.gate('U2', [phi, lambda], qubit);
  }

  /** Global phase `e^{iγ}`. */
  gphase(gamma: AngleLike): this {
    return this.gate('GPhase', [gamma], []);
  }

  /** Controlled X. */
  cnot(control: number, target: number): this {
    return this.gate('CNOT', [], [control, target]);
  }

  /** Controlled X, the same as `cnot`. */
  cx(control: number, target: number): this {
    return this.gate('CNOT', [], [control, target]);
  }

  /** Controlled Y. */
  cy(control: number, target: number): this {
    return this.gate('CY', [], [control, target]);
  }

  /** Controlled Z: `diag(1, 1, 1, -1)`. */
  cz(control: number, target: number): this {
    return this.gate('CZ', [], [control, target]);
  }

  /** Controlled Hadamard. */
  ch(control: number, target: number): this {
    return this.gate('CH', [], [control, target]);
  }

  /** Controlled S: `diag(1, 1, 1, i)`. */
  cs(control: number, target: number): this {
    return this.gate('CS', [], [control, target]);
  }

  /** Controlled inverse of S: `diag(1, 1, 1, -i)`. */
  csdg(control: number, target: number): this {
    return this.gate('CSdg', [], [control, target]);
  }

  /** Controlled square root of X. */
  csx(control: number, target: number): this {
    return this.gate('CSX', [], [control, target]);
  }

  /** Controlled inverse square root of X. */
  csxdg(control: number, target: number): this {
    return this.gate('CSXdg', [], [control, target]);
  }

  /** Controlled phase shift: `diag(1, 1, 1, e^{iφ})`. */
  cp(phi: AngleLike, control: number, target: number): this {
    return this.gate('CP', [phi], [control, target]);
  }

  /** Controlled rotation about x. */
  crx(theta: AngleLike, control: number, target: number): this {
    return this.gate('CRX', [theta], [control, target]);
  }

  /** Controlled rotation about y. */
  cry(theta: AngleLike, control: number, target: number): this {
    return this.gate('CRY', [theta], [control, target]);
  }

  /** Controlled rotation about z. */
  crz(theta: AngleLike, control: number, target: number): this {
    return this.gate('CRZ', [theta], [control, target]);
  }

  /** Controlled `RZ(c)·RY(b)·RZ(a)`. */
  crot(a: AngleLike, b: AngleLike, c: AngleLike, control: number, target: number): this {
    return this.gate('CRot', [a, b, c], [control, target]);
  }

  /** Controlled `U3`. */
  cu3(theta: AngleLike, phi: AngleLike, lambda: AngleLike, control: number, target: number): this {
    return this.gate('CU3', [theta, phi, lambda], [control, target]);
  }

  /** Exchanges two qubits. */
  swap(a: number, b: number): this {
    return this.gate('SWAP', [], [a, b]);
  }

  /** Exchanges two qubits with a phase: `exp(i π/4 (XX + YY))`. */
  iswap(a: number, b: number): this {
    return this.gate('ISWAP', [], [a, b]);
  }

  /** Inverse of `iswap`. */
  iswapdg(a: number, b: number): this {
    return this.gate('ISWAPdg', [], [a, b]);
  }

  /** Echoed cross-resonance: `(X⊗I - Y⊗X)/√2`. */
  ecr(a: number, b: number): this {
    return this.gate('ECR', [], [a, b]);
  }

  /** Ising coupling: `exp(-i θ/2 X⊗X)`. */
  rxx(theta: AngleLike, a: number, b: number): this {
    return this.gate('RXX', [theta], [a, b]);
  }

  /** Ising coupling: `exp(-i θ/2 Y⊗Y)`. */
  ryy(theta: AngleLike, a: number, b: number): this {
    return this.gate('RYY', [theta], [a, b]);
  }

  /** Ising coupling: `exp(-i θ/2 Z⊗Z)`. */
  rzz(theta: AngleLike, a: number, b: number): this {
    return this.gate('RZZ', [theta], [a, b]);
  }

  /** Rotation about a Pauli word, one letter of I, X, Y, Z per qubit: `exp(-i θ/2 P)`. */
  pauliRot(theta: AngleLike, word: string, qubits: readonly number[]): this {
    return this.gate('PauliRot', [theta], qubits, { word });
  }

  /** Rotation about a product of Z: `exp(-i θ/2 Z⊗…⊗Z)`. */
  multiRZ(theta: AngleLike, qubits: readonly number[]): this {
    return this.gate('MultiRZ', [theta], qubits);
  }

  /** X with two controls. */
  toffoli(control1: number, control2: number, target: number): this {
    return this.gate('Toffoli', [], [control1, control2, target]);
  }

  /** Z with two controls. */
  ccz(a: number, b: number, c: number): this {
    return this.gate('CCZ', [], [a, b, c]);
  }

  /** Controlled exchange of two qubits. */
  fredkin(control: number, a: number, b: number): this {
    return this.gate('Fredkin', [], [control, a, b]);
  }
}
