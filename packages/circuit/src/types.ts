/** Version written into the JSON of every circuit. A reader refuses a version it does not know. */
export const CIRCUIT_SCHEMA = 'ketwork.circuit/1';

/** What the elements of a slot are: real numbers that enter angles, amplitudes of a state, or a Hermitian matrix. */
export type SlotKind = 'scalar' | 'amplitudes' | 'hermitian';

/** Whether one value serves the whole batch (`shared`, weights by default) or every example has its own (`batch`, inputs by default). */
export type SlotAxis = 'shared' | 'batch';

/**
 * A named place for values that are given when a program runs.
 * Values are row-major: `[...shape]` on the shared axis, `[batch, ...shape]` on the batch axis.
 * `amplitudes`: shape `[2^k]` (real) or `[2^k, 2]` (interleaved re, im). `hermitian`: shape `[d, d, 2]`.
 */
export interface Slot<Name extends string = string> {
  readonly name: Name;
  readonly shape: readonly number[];
  readonly kind: SlotKind;
  readonly axis: SlotAxis;
  /** Whether gradients with respect to this slot may be asked for. */
  readonly differentiable: boolean;
}

/** The unary functions an angle may use; each has an exact derivative. */
export type AngleFunction = 'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sqrt' | 'exp' | 'log';

/** An angle in radians as plain data: a number, an element of a scalar slot (row-major index), a sum, a product or a function. */
export type Angle =
  | number
  | { readonly slot: string; readonly index: number }
  | { readonly add: readonly Angle[] }
  | { readonly mul: readonly Angle[] }
  | { readonly fn: AngleFunction; readonly of: Angle };

/** A control: the operation acts only where `qubit` has `value`. */
export interface Control {
  readonly qubit: number;
  readonly value: 0 | 1;
}

/** A gate of the gate table. `qubits` are the table's qubits in its order (a CNOT has two); `controls` are further ones. */
export interface GateOp {
  readonly type: 'gate';
  /** Canonical name in the gate table. */
  readonly gate: string;
  readonly qubits: readonly number[];
  readonly angles: readonly Angle[];
  readonly controls: readonly Control[];
  /** Pauli letters, one per qubit, of a `PauliRot`; absent elsewhere. */
  readonly word?: string;
}

/**
 * A general linear map given by its matrix: row-major, interleaved re, im, `2 · 4^k` numbers for k qubits,
 * the first qubit of the list being the most significant.
 */
export interface MatrixOp {
  readonly type: 'matrix';
  readonly qubits: readonly number[];
  readonly matrix: readonly number[];
  /** False marks a map that is not unitary (a filter or projection). */
  readonly unitary: boolean;
  readonly controls: readonly Control[];
  /** Text for drawings; `U` by default. */
  readonly label?: string;
}

/** Evolution `exp(-i · time · A)` under a Hermitian `A`: a slot of kind `hermitian`, a matrix, or a sum of Pauli strings. */
export interface EvolutionOp {
  readonly type: 'evolution';
  readonly qubits: readonly number[];
  readonly generator:
    | { readonly slot: string }
    | { readonly matrix: readonly number[] }
    | { readonly terms: readonly PauliTerm[] };
  readonly time: Angle;
  readonly controls: readonly Control[];
}

/** Replaces |0…0⟩ of untouched qubits by the given state: a slot of kind `amplitudes`, or fixed amplitudes, interleaved re, im. */
export interface StatePreparationOp {
  readonly type: 'statePreparation';
  readonly qubits: readonly number[];
  readonly amplitudes: { readonly slot: string } | { readonly values: readonly number[] };
  /** Divide by the norm first; otherwise amplitudes must have norm 1. */
  readonly normalize: boolean;
}

/** A noise channel by name with its parameters, or by Kraus matrices (interleaved, row-major). */
export interface ChannelOp {
  readonly type: 'channel';
  readonly channel: string;
  readonly qubits: readonly number[];
  readonly angles: readonly Angle[];
  readonly kraus?: readonly (readonly number[])[];
}

/** Measures a qubit in the computational basis into a classical bit; `postselect` keeps only that outcome. */
export interface MeasureOp {
  readonly type: 'measure';
  readonly qubit: number;
  readonly bit: number;
  readonly postselect?: 0 | 1;
}

/** Puts qubits back to |0⟩. */
export interface ResetOp {
  readonly type: 'reset';
  readonly qubits: readonly number[];
}

/** True where the classical bits, first bit least significant, read as `value`. */
export interface BitCondition {
  readonly bits: readonly number[];
  readonly value: number;
}

/** Runs `then` where the condition holds and `otherwise` where not; with `repeat`, a while-loop of at most that many rounds. */
export interface ConditionalOp {
  readonly type: 'conditional';
  readonly condition: BitCondition;
  readonly then: readonly Op[];
  readonly otherwise: readonly Op[];
  readonly repeat?: number;
}

/** No effect on the state; keeps drawings and compilers from moving operations across. */
export interface BarrierOp {
  readonly type: 'barrier';
  readonly qubits: readonly number[];
}

/** One operation of a circuit. An engine that cannot run a kind says so when it compiles. */
export type Op =
  | GateOp
  | MatrixOp
  | EvolutionOp
  | StatePreparationOp
  | ChannelOp
  | MeasureOp
  | ResetOp
  | ConditionalOp
  | BarrierOp;

/**
 * A quantum circuit: frozen plain data, safe for `JSON.stringify` and `structuredClone`.
 * Qubit 0 is the most significant bit of a basis index and the top wire of a drawing.
 */
export interface Circuit<Names extends string = string> {
  readonly schema: typeof CIRCUIT_SCHEMA;
  /** Number of qubits, at least 1. */
  readonly qubits: number;
  /** Number of classical bits. */
  readonly bits: number;
  readonly slots: readonly Slot<Names>[];
  readonly ops: readonly Op[];
}

/** A real coefficient times a product of Pauli matrices on distinct qubits; no qubits at all is the identity. */
export interface PauliTerm {
  readonly coefficient: number;
  /** Ascending by qubit. */
  readonly paulis: readonly { readonly qubit: number; readonly pauli: 'X' | 'Y' | 'Z' }[];
}

/** A real weighted sum of Pauli strings. */
export interface PauliObservable {
  readonly type: 'pauli';
  readonly terms: readonly PauliTerm[];
}

/** A Hermitian matrix on `qubits` (first one most significant): fixed, interleaved re, im; or a slot of kind `hermitian`. */
export interface HermitianObservable {
  readonly type: 'hermitian';
  readonly qubits: readonly number[];
  readonly matrix: readonly number[] | { readonly slot: string };
}

/** The projector on one basis state of `qubits`. */
export interface ProjectorObservable {
  readonly type: 'projector';
  readonly qubits: readonly number[];
  readonly bits: readonly (0 | 1)[];
}

/** Something whose expectation value can be measured. */
export type Observable = PauliObservable | HermitianObservable | ProjectorObservable;

/** Expectation values, `[batch, observables]`. */
export interface ExpvalMeasurement {
  readonly type: 'expval';
  readonly observables: readonly Observable[];
}

/** Variances ⟨O²⟩ − ⟨O⟩², `[batch, observables]`. */
export interface VarianceMeasurement {
  readonly type: 'variance';
  readonly observables: readonly Observable[];
}

/** Probabilities of the basis states of `qubits` (all of them, in order, when absent), `[batch, 2^k]`. */
export interface ProbabilitiesMeasurement {
  readonly type: 'probabilities';
  readonly qubits?: readonly number[];
}

/** The statevector, interleaved re, im, `[batch, 2^n, 2]`. */
export interface StateMeasurement {
  readonly type: 'state';
}

/** Measured bits, `Uint8Array` `[batch, shots, k]`. */
export interface SamplesMeasurement {
  readonly type: 'samples';
  readonly shots: number;
  readonly qubits?: readonly number[];
}

/** How often each outcome was measured: one record per example, keyed by the bit string, first qubit leftmost. */
export interface CountsMeasurement {
  readonly type: 'counts';
  readonly shots: number;
  readonly qubits?: readonly number[];
}

/** What a program returns. */
export type Measurement =
  | ExpvalMeasurement
  | VarianceMeasurement
  | ProbabilitiesMeasurement
  | StateMeasurement
  | SamplesMeasurement
  | CountsMeasurement;
