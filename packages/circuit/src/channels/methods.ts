import { CircuitError } from '@ketwork/base';
import type { AngleLike } from '../angle.ts';
import { GateMethods } from '../gate-methods.ts';
import type { MatrixLike } from '../matrix-like.ts';
import { pauliWords } from './channel.ts';

/**
 * The channels of the channel table as methods: parameters first, then qubits. All return the builder. Parameters may be
 * numbers, expressions or slots; numbers are checked when the circuit is complete, values of slots when a program runs.
 *
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * const noisy = circuit(2, (q) => q.h(0).depolarizing(0.01, 0).cnot(0, 1).depolarizing(0.02, [0, 1]));
 * console.log(noisy.ops.length); // 4
 * ```
 */
export abstract class ChannelMethods extends GateMethods {
  /** A noise channel by name with its parameters, or by Kraus matrices. */
  abstract channel(
    channel: string,
    parameters: readonly AngleLike[],
    qubits: number | readonly number[],
    options?: { readonly kraus?: readonly MatrixLike[] },
  ): this;

  /** X with probability p. */
  bitFlip(p: AngleLike, qubit: number): this {
    return this.channel('bitFlip', [p], qubit);
  }

  /** Z with probability p. */
  phaseFlip(p: AngleLike, qubit: number): this {
    return this.channel('phaseFlip', [p], qubit);
  }

  /** Y with probability p. */
  bitPhaseFlip(p: AngleLike, qubit: number): this {
    return this.channel('bitPhaseFlip', [p], qubit);
  }

  /**
   * Every Pauli string but the identity with the same probability: p/3 each of X, Y, Z on one qubit, p/15 each of 15 on
   * two. At p = 3/4 (15/16 on two) the state becomes maximally mixed. Qiskit's parameter λ is p = 3λ/4 (15λ/16).
   */
  depolarizing(p: AngleLike, qubits: number | readonly number[]): this {
    return this.channel('depolarizing', [p], qubits);
  }

  /** Decay of |1⟩ to |0⟩ with probability γ. */
  amplitudeDamping(gamma: AngleLike, qubit: number): this {
    return this.channel('amplitudeDamping', [gamma], qubit);
  }

  /**
   * Relaxation by γ towards `diag(1-excited, excited)`; `excited` 0 is amplitude damping. PennyLane and
   * Qiskit have the same two parameters.
   */
  generalizedAmplitudeDamping(gamma: AngleLike, excited: AngleLike, qubit: number): this {
    return this.channel('generalizedAmplitudeDamping', [gamma, excited], qubit);
  }

  /** Loss of phase: off-diagonal elements shrink by `√(1-λ)`. */
  phaseDamping(lambda: AngleLike, qubit: number): this {
    return this.channel('phaseDamping', [lambda], qubit);
  }

  /**
   * Relaxation and dephasing during `time`, in the unit of T1 and T2.
   *
   * @param t1 Relaxation time: populations decay as `e^{-time/T1}`.
   * @param t2 Dephasing time, at most 2·T1: coherences decay as `e^{-time/T2}`.
   * @param excited Population of |1⟩ in equilibrium. Default 0.
   */
  thermalRelaxation(
    t1: AngleLike,
    t2: AngleLike,
    time: AngleLike,
    qubit: number,
    excited: AngleLike = 0,
  ): this {
    return this.channel('thermalRelaxation', [t1, t2, time, excited], qubit);
  }

  /**
   * Pauli strings with given probabilities.
   *
   * @param probabilities By word, such as `{ XX: 0.01, IZ: 0.02 }` (others 0; the identity has the rest), or all but the
   * identity's in the order X, Y, Z on one qubit, IX, IY, IZ, XI, … on two.
   */
  pauliError(
    probabilities: Readonly<Record<string, AngleLike>> | readonly AngleLike[],
    qubits: number | readonly number[],
  ): this {
    return this.channel('pauliError', probabilityList(probabilities, qubits), qubits);
  }

  /** A reset to |0⟩ with probability p0 and to |1⟩ with probability p1. */
  resetError(p0: AngleLike, p1: AngleLike, qubit: number): this {
    return this.channel('resetError', [p0, p1], qubit);
  }

  /**
   * The map `ρ ↦ Σ K ρ K†`.
   *
   * @param matrices Kraus matrices with `ΣK†K = I` to 1e-10, the first qubit being the most significant bit.
   * @param options `label` is the channel's name in drawings, `Kraus` by default.
   */
  kraus(
    matrices: readonly MatrixLike[],
    qubits: number | readonly number[],
    options: { readonly label?: string } = {},
  ): this {
    return this.channel(options.label ?? 'Kraus', [], qubits, { kraus: matrices });
  }
}

function probabilityList(
  probabilities: Readonly<Record<string, AngleLike>> | readonly AngleLike[],
  qubits: number | readonly number[],
): readonly AngleLike[] {
  if (Array.isArray(probabilities)) return probabilities as readonly AngleLike[];
  const count = typeof qubits === 'number' ? 1 : qubits.length;
  const given = new Map(Object.entries(probabilities as Readonly<Record<string, AngleLike>>));
  const words = pauliWords(Math.min(count, 4));
  for (const word of given.keys()) {
    if (words.indexOf(word) < 1) {
      throw new CircuitError(`pauliError on ${count} qubit(s) got a probability of '${word}'`, {
        remedy: `Use words of ${count} letters I, X, Y, Z other than the identity, which has the rest`,
      });
    }
  }
  return words.slice(1).map((word) => given.get(word) ?? 0);
}
