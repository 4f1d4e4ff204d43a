import type { Angle } from '@ketwork/circuit';

/*
 * A density matrix ρ of n qubits is kept as its Pauli vector, the 4^n real numbers tr(P ρ): index digits 0 to 3 stand for
 * I, X, Y, Z, qubit 0 being the most significant digit. Every map of density matrices is a real matrix then, Pauli noise
 * is diagonal, Clifford gates permute, and an expectation value is one number (Greenbaum, arXiv:1509.02921, section 2).
 */

/** A term of a row of a transfer matrix. */
export interface Entry {
  /** Index of the number it multiplies. */
  readonly column: number;
  readonly value: Angle;
}

/** A real matrix on the digits of a few qubits. */
export interface TransferElement {
  readonly type: 'transfer';
  /** First qubit most significant. */
  readonly qubits: readonly number[];
  /** One row per index, `4^k` of them; undefined where the number stays. */
  readonly rows: readonly (readonly Entry[] | undefined)[];
  /** Operation of the circuit it comes from. */
  readonly operation: number;
}

/** A matrix by its entries that are not zero. */
export interface SparseMatrix {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** Interleaved re, im. */
  readonly values: Float64Array;
}

/** A map `Σ K ρ K†` on several qubits, applied to one small matrix after the other. */
export interface WideElement {
  readonly type: 'wide';
  readonly qubits: readonly number[];
  readonly kraus: readonly SparseMatrix[];
  readonly operation: number;
}

/** Puts qubits that nothing has touched into a pure state. */
export interface PreparationElement {
  readonly type: 'preparation';
  readonly qubits: readonly number[];
  readonly amplitudes: { readonly slot: string } | { readonly values: readonly number[] };
  readonly normalize: boolean;
  readonly operation: number;
}

/** What a circuit consists of for this engine. */
export type Element = TransferElement | WideElement | PreparationElement;
