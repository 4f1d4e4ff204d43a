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
  /** Key under which values are given. */
  readonly name: Name;
  /** Shape of one value, without the batch axis; `[]` is a single number. */
  readonly shape: readonly number[];
  /** What the values are. */
  readonly kind: SlotKind;
  /** Whether all examples of a batch share the value. */
  readonly axis: SlotAxis;
  /** Whether gradients with respect to this slot may be asked for. */
  readonly differentiable: boolean;
}

/** The unary functions an angle may use; each has an exact derivative. */
export type AngleFunction =
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sqrt'
  | 'exp'
  | 'log';

/** An angle in radians as plain data: a number, an element of a scalar slot (row-major index), a sum, a product or a function. */
export type Angle =
  | number
  | { readonly slot: string; readonly index: number }
  | { readonly add: readonly Angle[] }
  | { readonly mul: readonly Angle[] }
  | { readonly fn: AngleFunction; readonly of: Angle };

/** A control: the operation acts only where `qubit` has `value`. */
export interface Control {
  /** The controlling qubit. */
  readonly qubit: number;
  /** Value of the qubit for which the operation acts. */
  readonly value: 0 | 1;
}

/** A gate of the gate table. `qubits` are the table's qubits in its order (a CNOT has two); `controls` are further ones. */
export interface GateOp {
  readonly type: 'gate';
  /** Canonical name in the gate table. */
  readonly gate: string;
  /** Its qubits in the table's order, all different. */
  readonly qubits: readonly number[];
  /** One angle per parameter of the gate, in radians. */
  readonly angles: readonly Angle[];
  /** Further controls, on other qubits. */
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
  /** The k qubits it acts on, all different. */
  readonly qubits: readonly number[];
  /** `2 · 4^k` numbers. */
  readonly matrix: readonly number[];
  /** False marks a map that is not unitary (a filter or projection). */
  readonly unitary: boolean;
  /** Controls, on other qubits. */
  readonly controls: readonly Control[];
  /** Text for drawings; `U` by default. */
  readonly label?: string;
}

/** Second part B of an evolution `exp(-i · (time · A + drift.time · B))`; B need not commute with A. */
export interface EvolutionDrift {
  /** B: a matrix on the qubits of the evolution, or a sum of Pauli strings on some of them. */
  readonly generator:
    | { readonly matrix: readonly number[] }
    | { readonly terms: readonly PauliTerm[] };
  /** Factor of B, dimensionless. */
  readonly time: Angle;
}

/**
 * Evolution `exp(-i · time · A)` under a Hermitian `A`: a slot of kind `hermitian`, a matrix, or a sum of Pauli strings;
 * with a drift B, `exp(-i · (time · A + drift.time · B))`.
 */
export interface EvolutionOp {
  readonly type: 'evolution';
  /** The qubits A acts on, the first one being the most significant of a matrix. */
  readonly qubits: readonly number[];
  /** A. The qubits of Pauli strings are qubits of the circuit and appear in `qubits`. */
  readonly generator:
    | { readonly slot: string }
    | { readonly matrix: readonly number[] }
    | { readonly terms: readonly PauliTerm[] };
  /** Factor of A, dimensionless. */
  readonly time: Angle;
  /** What is added to `time · A` in the exponent; nothing when absent. */
  readonly drift?: EvolutionDrift;
  /** Controls, on other qubits. */
  readonly controls: readonly Control[];
}

/** Replaces |0…0⟩ of untouched qubits by the given state: a slot of kind `amplitudes`, or fixed amplitudes, interleaved re, im. */
export interface StatePreparationOp {
  readonly type: 'statePreparation';
  /** The k qubits, the first one being the most significant. */
  readonly qubits: readonly number[];
  /** The state: values are `2 · 2^k` numbers. */
  readonly amplitudes: { readonly slot: string } | { readonly values: readonly number[] };
  /** Divide by the norm first; otherwise amplitudes must have norm 1. */
  readonly normalize: boolean;
}

/** A noise channel by name with its parameters, or by Kraus matrices (interleaved, row-major). */
export interface ChannelOp {
  readonly type: 'channel';
  /** Name of the channel. */
  readonly channel: string;
  /** The k qubits it acts on. */
  readonly qubits: readonly number[];
  /** Parameters of the channel, such as probabilities. */
  readonly angles: readonly Angle[];
  /** Kraus matrices of `2 · 4^k` numbers each, complete to 1e-10. */
  readonly kraus?: readonly (readonly number[])[];
}

/** Measures a qubit in the computational basis into a classical bit; `postselect` keeps only that outcome. */
export interface MeasureOp {
  readonly type: 'measure';
  /** The qubit measured. */
  readonly qubit: number;
  /** The classical bit that receives the outcome. */
  readonly bit: number;
  /** The only outcome kept. */
  readonly postselect?: 0 | 1;
}

/** Puts qubits back to |0⟩. */
export interface ResetOp {
  readonly type: 'reset';
  /** The qubits reset. */
  readonly qubits: readonly number[];
}

/** True where the classical bits, first bit least significant, read as `value`. */
export interface BitCondition {
  /** Classical bits, at most 32. */
  readonly bits: readonly number[];
  /** Integer from 0 to 2^bits − 1. */
  readonly value: number;
}

/** Runs `then` where the condition holds and `otherwise` where not; with `repeat`, a while-loop of at most that many rounds. */
export interface ConditionalOp {
  readonly type: 'conditional';
  /** What decides. */
  readonly condition: BitCondition;
  /** Operations where it holds. */
  readonly then: readonly Op[];
  /** Operations where it does not; empty in a loop. */
  readonly otherwise: readonly Op[];
  /** Greatest number of rounds of a loop. */
  readonly repeat?: number;
}

/** No effect on the state; keeps drawings and compilers from moving operations across. */
export interface BarrierOp {
  readonly type: 'barrier';
  /** The qubits kept apart. */
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
  /** Version of the format. */
  readonly schema: typeof CIRCUIT_SCHEMA;
  /** Number of qubits, at least 1. */
  readonly qubits: number;
  /** Number of classical bits. */
  readonly bits: number;
  /** Places for values, with different names. */
  readonly slots: readonly Slot<Names>[];
  /** Operations in the order in which they act. */
  readonly ops: readonly Op[];
}

/** A real coefficient times a product of Pauli matrices on distinct qubits; no qubits at all is the identity. */
export interface PauliTerm {
  /** Real factor. */
  readonly coefficient: number;
  /** Ascending by qubit. */
  readonly paulis: readonly { readonly qubit: number; readonly pauli: 'X' | 'Y' | 'Z' }[];
}

/** A real weighted sum of Pauli strings. */
export interface PauliObservable {
  readonly type: 'pauli';
  /** The strings with their weights. */
  readonly terms: readonly PauliTerm[];
}

/** A Hermitian matrix on `qubits` (first one most significant): fixed, interleaved re, im; or a slot of kind `hermitian`. */
export interface HermitianObservable {
  readonly type: 'hermitian';
  /** The k qubits it acts on. */
  readonly qubits: readonly number[];
  /** `2 · 4^k` numbers, or the name of the slot. */
  readonly matrix: readonly number[] | { readonly slot: string };
}

/** The projector on one basis state of `qubits`. */
export interface ProjectorObservable {
  readonly type: 'projector';
  /** The qubits looked at. */
  readonly qubits: readonly number[];
  /** Value of each of them. */
  readonly bits: readonly (0 | 1)[];
}

/** Something whose expectation value can be measured. */
export type Observable = PauliObservable | HermitianObservable | ProjectorObservable;

/** Expectation values, `[batch, observables]`. */
export interface ExpvalMeasurement {
  readonly type: 'expval';
  /** At least one observable. */
  readonly observables: readonly Observable[];
}

/** Variances ⟨O²⟩ − ⟨O⟩², `[batch, observables]`. */
export interface VarianceMeasurement {
  readonly type: 'variance';
  /** At least one observable. */
  readonly observables: readonly Observable[];
}

/**
 * Qubits and classical bits whose values are read together, k in all: the qubits first, then the bits, the first of the
 * list being the most significant. All qubits, in order, where neither is named; no qubits where only bits are.
 */
export interface QubitsAndBits {
  /** Qubits, read at the end of the circuit. */
  readonly qubits?: readonly number[];
  /** Classical bits, as the circuit leaves them; a bit that no measurement has written is 0. */
  readonly bits?: readonly number[];
}

/** Probabilities of the values of qubits or classical bits, `[batch, 2^k]`. */
export interface ProbabilitiesMeasurement extends QubitsAndBits {
  readonly type: 'probabilities';
}

/** Probability that all post-selections of the circuit held, `[batch]`. */
export interface SuccessProbabilityMeasurement {
  readonly type: 'successProbability';
}

/** The statevector, interleaved re, im, `[batch, 2^n, 2]`. */
export interface StateMeasurement {
  readonly type: 'state';
}

/**
 * The density matrix of `qubits` (all of them, in order, when absent), interleaved re, im, `[batch, 2^k, 2^k, 2]`: of the
 * whole state, or reduced to some qubits.
 */
export interface DensityOperatorMeasurement {
  readonly type: 'densityOperator';
  /** The k qubits, the first one being the most significant. */
  readonly qubits?: readonly number[];
}

/** Values of qubits or classical bits, shot by shot: `Uint8Array` `[batch, shots, k]`. */
export interface SamplesMeasurement extends QubitsAndBits {
  readonly type: 'samples';
  /** Number of shots per example. */
  readonly shots: number;
}

/** How often each outcome was seen: one record per example, keyed by the bit string, the first qubit or bit leftmost. */
export interface CountsMeasurement extends QubitsAndBits {
  readonly type: 'counts';
  /** Number of shots per example. */
  readonly shots: number;
}

/** What a program returns. */
export type Measurement =
  | ExpvalMeasurement
  | VarianceMeasurement
  | ProbabilitiesMeasurement
  | SuccessProbabilityMeasurement
  | DensityOperatorMeasurement
  | StateMeasurement
  | SamplesMeasurement
  | CountsMeasurement;
