import { negated } from '../expression.ts';
import type { Angle, Control } from '../types.ts';
import { controlledMatrix, phaseMatrix, rotationMatrix } from './matrix.ts';

/**
 * A factor every engine understands. The factors of an operation multiply to its matrix, the first one acting first.
 * All of them act only where the `controls` have their values.
 */
export type Primitive =
  | {
      /** `exp(-i angle/2 P)`, P the product of the Pauli letters of `word` (X, Y or Z) on `qubits`. */
      readonly type: 'rotation';
      readonly word: string;
      readonly qubits: readonly number[];
      readonly angle: Angle;
      readonly controls: readonly Control[];
    }
  | {
      /** `e^{i angle}` where all `qubits` are 1; without qubits and controls a global phase. */
      readonly type: 'phase';
      readonly angle: Angle;
      readonly qubits: readonly number[];
      readonly controls: readonly Control[];
    }
  | {
      /** A constant matrix, row-major, interleaved re, im, the first qubit being the most significant. */
      readonly type: 'matrix';
      readonly qubits: readonly number[];
      readonly matrix: readonly number[];
      readonly controls: readonly Control[];
    };

/**
 * What becomes of a Pauli matrix in front of a gate G when it is moved behind it.
 * `pass`: `G·P = P·G`. `flip`: `G(θ)·P = e^{iΣφ}·P·G(θ')`, where θ' has the signs of the angles listed in `flip` changed
 * and φ are the angles listed in `phase`. `map`: `G·P = W·G` with the Pauli word W over all qubits of the gate
 * (`-` in front for a minus sign). `flush`: none of these, the Pauli must be applied before the gate.
 */
export type PauliFrameRule =
  | 'pass'
  | 'flush'
  | { readonly flip: readonly number[]; readonly phase?: readonly number[] }
  | { readonly map: string };

/** Pauli-frame rules of X and Z, one per qubit of the gate; Y = iXZ follows from them. Empty for gates of any width. */
export interface PauliFrame {
  /** Rule of an X on each qubit. */
  readonly X: readonly PauliFrameRule[];
  /** Rule of a Z on each qubit. */
  readonly Z: readonly PauliFrameRule[];
}

/** A parameter of a gate and how the gate depends on it: a factor `exp(-i θ G)` for a Hermitian generator G. */
export interface GateParameter {
  /** Name used in formulas and documentation. */
  readonly name: string;
  /** What it does, one phrase. */
  readonly help: string;
  /** `pauli`: G is half a Pauli word (empty where the operation brings the word); `projector`: G is minus the projector on the last basis state. */
  readonly generator:
    | { readonly type: 'pauli'; readonly word: string; readonly controls: number }
    | { readonly type: 'projector'; readonly qubits: number; readonly controls: number };
  /** Distinct eigenvalues of G, ascending. */
  readonly eigenvalues: readonly number[];
  /** Positive differences of the eigenvalues: the frequencies of an expectation value as a function of the parameter. */
  readonly frequencies: readonly number[];
}

/** One row of the gate table. */
export interface Gate {
  /** Canonical name, as circuits store it. */
  readonly name: string;
  /** Other names under which {@link gate} finds it; upper and lower case do not matter. */
  readonly aliases: readonly string[];
  /** Number of qubits, controls included, or `any`. */
  readonly qubits: number | 'any';
  /** Its angles, in the order in which they are given. */
  readonly parameters: readonly GateParameter[];
  /** How many leading qubits are controls (of value 1). */
  readonly controls: number;
  /** Name of the gate that is controlled; absent where `controls` is 0. */
  readonly base?: string;
  /**
   * Matrix over all qubits, row-major, interleaved re, im, first qubit most significant.
   * @param word Pauli letters of a `PauliRot`; of a `MultiRZ`, any word as long as it has qubits.
   */
  readonly matrix: (angles: readonly number[], word?: string) => Float64Array;
  /** The inverse as a gate of the table with its angles; qubits (and word) stay the same. */
  readonly inverse: (angles: readonly Angle[]) => {
    readonly gate: string;
    readonly angles: readonly Angle[];
  };
  /** Factors on the gate's own qubits 0, 1, … (after its controls); absent for a constant gate, which is its matrix. */
  readonly factors?: (angles: readonly Angle[], word: string) => readonly Primitive[];
  /** The matrix is diagonal for all parameters. */
  readonly diagonal: boolean;
  /** The matrix consists of zeros and ones only: basis states go to basis states. */
  readonly permutation: boolean;
  /** Maps Pauli words to Pauli words. */
  readonly clifford: boolean;
  /** Applied twice, it is the identity, for all parameters. */
  readonly selfInverse: boolean;
  /** How Paulis move from before the gate to behind it. */
  readonly pauliFrame: PauliFrame;
  /** Names in OpenQASM 2 (`qelib1.inc`) and OpenQASM 3 (`stdgates.inc` and built in); absent where there is none. */
  readonly qasm: { readonly v2?: string; readonly v3?: string };
  /** Text of the box in a drawing; `●`, `⊕` and `×` are drawn without a box. */
  readonly symbol: string;
  /** One Markdown sentence with the formula. */
  readonly help: string;
}

/** Parameter of a factor `exp(-i θ/2 P)`. */
export function rotationParameter(
  name: string,
  help: string,
  word: string,
  controls = 0,
): GateParameter {
  return {
    name,
    help,
    generator: { type: 'pauli', word, controls },
    eigenvalues: controls === 0 ? [-0.5, 0.5] : [-0.5, 0, 0.5],
    frequencies: controls === 0 ? [1] : [0.5, 1],
  };
}

/** Parameter of a factor `e^{iθ}` on the last basis state of its qubits. */
export function phaseParameter(
  name: string,
  help: string,
  qubits: number,
  controls = 0,
): GateParameter {
  const global = qubits + controls === 0;
  return {
    name,
    help,
    generator: { type: 'projector', qubits, controls },
    eigenvalues: global ? [-1] : [-1, 0],
    frequencies: global ? [] : [1],
  };
}

/** Factor `exp(-i angle/2 P)` on the gate's qubits 0, 1, …. */
export function rotationFactor(word: string, angle: Angle): Primitive {
  return { type: 'rotation', word, qubits: [...word].map((_, i) => i), angle, controls: [] };
}

/** Factor `e^{i angle}` where the gate's first `qubits` qubits are 1. */
export function phaseFactor(qubits: number, angle: Angle): Primitive {
  return {
    type: 'phase',
    angle,
    qubits: Array.from({ length: qubits }, (_, i) => i),
    controls: [],
  };
}

type Text = Pick<Gate, 'name' | 'aliases' | 'qasm' | 'symbol' | 'help'>;
type Flag = 'diagonal' | 'permutation' | 'clifford';

/** A row without parameters. Without `inverse` the gate is its own inverse. */
export function constantGate(
  row: Text & {
    readonly qubits: number;
    readonly matrix: Float64Array;
    readonly flags: readonly Flag[];
    readonly pauliFrame: PauliFrame;
    readonly inverse?: string;
  },
): Gate {
  const { matrix, flags, inverse, ...rest } = row;
  return {
    ...rest,
    parameters: [],
    controls: 0,
    matrix: () => matrix.slice(),
    inverse: () => ({ gate: inverse ?? row.name, angles: [] }),
    diagonal: flags.includes('diagonal'),
    permutation: flags.includes('permutation'),
    clifford: flags.includes('clifford'),
    selfInverse: inverse === undefined,
  };
}

/** A row for `exp(-i θ/2 P)` with a fixed Pauli word. */
export function rotationGate(row: Text & { readonly word: string }): Gate {
  const { word, ...rest } = row;
  const rules = (pauli: 'X' | 'Z'): PauliFrameRule[] =>
    [...word].map((letter) => (letter === pauli ? 'pass' : { flip: [0] }));
  return {
    ...rest,
    qubits: word.length,
    parameters: [rotationParameter('θ', 'rotation angle', word)],
    controls: 0,
    matrix: ([theta = 0]) => rotationMatrix(word, theta),
    inverse: (angles) => ({ gate: row.name, angles: angles.map(negated) }),
    factors: ([theta = 0]) => [rotationFactor(word, theta)],
    diagonal: !/[XY]/.test(word),
    permutation: false,
    clifford: false,
    selfInverse: false,
    pauliFrame: { X: rules('X'), Z: rules('Z') },
  };
}

/** A row for a base gate under leading controls; everything but names follows from the base, unless stated. */
export function controlledGate(
  base: Gate,
  controls: number,
  row: Text & {
    readonly clifford?: boolean;
    readonly inverse?: string;
    readonly pauliFrame?: PauliFrame;
  },
): Gate {
  const { clifford = false, inverse, pauliFrame, ...rest } = row;
  // A rule that leaves a phase or another Pauli behind would do so only where the controls are on.
  const target = (rule: PauliFrameRule): PauliFrameRule =>
    rule === 'pass' || (typeof rule === 'object' && 'flip' in rule && rule.phase === undefined)
      ? rule
      : 'flush';
  const frame = pauliFrame ?? {
    X: [...Array<PauliFrameRule>(controls).fill('flush'), ...base.pauliFrame.X.map(target)],
    Z: [...Array<PauliFrameRule>(controls).fill('pass'), ...base.pauliFrame.Z.map(target)],
  };
  return {
    ...rest,
    qubits: (base.qubits as number) + controls,
    parameters: base.parameters.map(({ name, help, generator }) =>
      generator.type === 'pauli'
        ? rotationParameter(name, help, generator.word, controls)
        : phaseParameter(name, help, generator.qubits, controls),
    ),
    controls,
    base: base.name,
    matrix: (angles) => controlledMatrix(base.matrix(angles), controls),
    inverse: (angles) => ({ gate: inverse ?? row.name, angles: base.inverse(angles).angles }),
    diagonal: base.diagonal,
    permutation: base.permutation,
    clifford,
    selfInverse: base.selfInverse,
    pauliFrame: frame,
  };
}

/** Matrix `e^{iθ}` on |1⟩, shared by the phase rows. */
export function phaseOf(angle: number): Float64Array {
  return phaseMatrix(1, angle);
}
