import type { Control } from '@ketwork/circuit';

/** An angle in use: the cosine and sine of `scale` times an angle, one pair for all examples or one per example. */
export interface Coefficient {
  /** Node of the angle table. */
  readonly node: number;
  /** 1/2 for Pauli rotations, 1 for phases. */
  readonly scale: number;
  readonly axis: 'shared' | 'batch';
  /** Position among the coefficients of its axis; every use has a gradient cell of its own, since signs and scales differ. */
  readonly index: number;
  /** Position among the different angles of its axis. */
  readonly source: number;
}

/** A term of a table's phase: coefficient's angle times (`offset` + `weight` · parity of the index under `mask`). */
export interface TablePart {
  readonly mask: number;
  readonly weight: number;
  readonly offset: number;
  readonly coefficient: Coefficient;
}

/** What the engine executes: every gate comes down to one of these. */
export type Element =
  /**
   * `exp(-i · angle/2 · P)`, P a Pauli word of one or two qubits, no identity letters. As a `tangent` it is applied without
   * its cosine; `rescaling` makes up for the cosines of the tangents between it and the next one.
   */
  | {
      readonly type: 'rotation';
      readonly word: string;
      readonly qubits: readonly number[];
      readonly controls: readonly Control[];
      readonly coefficient: Coefficient;
      readonly form?: 'tangent' | 'rescaling';
      readonly operation: number;
    }
  /** `e^{i · angle}` where all of `qubits` (none: everywhere) are 1, or (`odd`) an odd number of them. */
  | {
      readonly type: 'phase';
      readonly odd?: boolean;
      readonly qubits: readonly number[];
      readonly controls: readonly Control[];
      readonly coefficient: Coefficient;
      readonly operation: number;
    }
  /** A constant matrix, row-major, interleaved re, im, first qubit most significant. */
  | {
      readonly type: 'matrix';
      readonly qubits: readonly number[];
      readonly controls: readonly Control[];
      readonly matrix: readonly number[];
      readonly operation: number;
    }
  /** `e^{i Φ(a)}` on every basis state a: merged phases, the same for all examples. */
  | {
      readonly type: 'table';
      readonly qubits: readonly number[];
      readonly controls: readonly Control[];
      readonly parts: readonly TablePart[];
      readonly operation: number;
    };

/** Qubits an element touches, controls included. */
export function support({ qubits, controls }: Element): readonly number[] {
  if (controls.length === 0) return qubits;
  const all = qubits.slice();
  for (let i = 0; i < controls.length; i++) all.push((controls[i] as Control).qubit);
  return all;
}

/** A set of qubits below 32 as bits, that of qubit q being 2^q. */
export function bitsOf(qubits: readonly number[]): number {
  let bits = 0;
  for (let i = 0; i < qubits.length; i++) bits |= 1 << (qubits[i] as number);
  return bits;
}

/** Coefficients an element uses. */
export function coefficientsOf(element: Element): readonly Coefficient[] {
  if (element.type === 'matrix') return [];
  return element.type === 'table'
    ? element.parts.map(({ coefficient }) => coefficient)
    : [element.coefficient];
}
