import type { Measurement } from '@ketwork/circuit';
import type { Capabilities, DifferentiationMethod } from '@ketwork/simulator';

/** What a method needs of an engine for one kind of measurement, or why it is never possible. */
export type MethodCell =
  | {
      /** The list of the engine's capabilities that must hold the measurement. */
      readonly needs: 'adjoint' | 'analytic' | 'shots';
      /** The measurement that is run: expectation values stand in for a variance where rules are linear. */
      readonly measurement: Measurement['type'];
    }
  | {
      /** Why no engine can. */
      readonly never: string;
    };

/** One method of the table: what it is, what it costs, and what it differentiates. */
export interface MethodRow {
  /** Name, as the option `method` takes it. */
  readonly method: DifferentiationMethod;
  /** How it works, in a phrase. */
  readonly summary: string;
  /** How far results are from the derivative, apart from rounding and shots. */
  readonly accuracy: 'exact' | 'unbiased' | 'step';
  /** Runs of the circuit for a gradient by P angles (E elements of slots), in words. */
  readonly runs: string;
  /** Paper it comes from. */
  readonly source: string;
  /** By kind of measurement: with exact results, and estimated from shots. */
  readonly cells: Readonly<
    Record<Measurement['type'], { readonly exact: MethodCell; readonly shots: MethodCell }>
  >;
}

type Cells = MethodRow['cells'];

const OUTCOMES: MethodCell = { never: 'random outcomes have no derivative' };
const NO_SHOTS: MethodCell = { never: 'amplitudes are not estimated from shots' };

/** The cells of a method that runs the measurements themselves. */
function plain(state: MethodCell): Cells {
  const same = (measurement: Measurement['type']): Cells['expval'] => ({
    exact: { needs: 'analytic', measurement },
    shots: { needs: 'shots', measurement },
  });
  return {
    expval: same('expval'),
    variance: same('variance'),
    probabilities: same('probabilities'),
    successProbability: same('successProbability'),
    densityOperator: {
      exact: { needs: 'analytic', measurement: 'densityOperator' },
      shots: NO_SHOTS,
    },
    state: { exact: state, shots: NO_SHOTS },
    samples: { exact: OUTCOMES, shots: OUTCOMES },
    counts: { exact: OUTCOMES, shots: OUTCOMES },
  };
}

/** The cells of a rule that is linear in the density matrix; a variance is differentiated through ⟨O⟩ and ⟨O²⟩. */
const linear: Cells = (() => {
  const state: MethodCell = {
    never: 'amplitudes obey no parameter-shift rule: they are not linear in the density matrix',
  };
  const cells = plain(state);
  return { ...cells, variance: cells.expval, state: { exact: state, shots: state } };
})();

const adjoint: Cells = (() => {
  const shots: MethodCell = { never: 'adjoint differentiation needs the exact state, not shots' };
  const cell = (measurement: Measurement['type']): Cells['expval'] => ({
    exact: { needs: 'adjoint', measurement },
    shots,
  });
  return {
    ...plain({ needs: 'adjoint', measurement: 'state' }),
    expval: cell('expval'),
    variance: cell('variance'),
    probabilities: cell('probabilities'),
    successProbability: cell('successProbability'),
    densityOperator: cell('densityOperator'),
    state: cell('state'),
  };
})();

/** The same on an ancilla, whose expectation value is divided by the probability of post-selection. */
const hadamard: Cells = (() => {
  const never: MethodCell = {
    never: 'the ancilla of a Hadamard test is read after post-selection, not the probability of it',
  };
  const matrix: MethodCell = {
    never:
      'an ancilla is read in expectation values and probabilities only, not for a density matrix',
  };
  return {
    ...linear,
    successProbability: { exact: never, shots: never },
    densityOperator: { exact: matrix, shots: matrix },
  };
})();

const reversed: Cells = {
  ...hadamard,
  probabilities: (() => {
    const never: MethodCell = {
      never: 'the projectors behind probabilities have too many Pauli strings to insert',
    };
    return { exact: never, shots: never };
  })(),
};

const differences = plain({ needs: 'analytic', measurement: 'state' });

/**
 * The differentiation methods of `differentiate` and what each can do: the table behind its checks and its messages, and
 * in `docs/gradients.md`. Whether an engine fills a cell is told by {@link methodLimit}.
 *
 * @example
 * ```ts
 * import { differentiationMethods } from '@ketwork/gradients';
 * for (const row of differentiationMethods) console.log(row.method, row.runs);
 * ```
 */
export const differentiationMethods: readonly MethodRow[] = [
  {
    method: 'adjoint',
    summary: 'one pass forward and one back through the circuit, inside the engine',
    accuracy: 'exact',
    runs: 'about 3, whatever P',
    source: 'Jones and Gacon, arXiv:2009.02823',
    cells: adjoint,
  },
  {
    method: 'parameter-shift',
    summary: "runs at shifted angles, by the frequencies of each gate's generator",
    accuracy: 'exact',
    runs: '2P; 4P under controls; up to 2 per Pauli string of an evolution',
    source: 'Wierichs et al., Quantum 6, 677 (2022)',
    cells: linear,
  },
  {
    method: 'stochastic-shift',
    summary: 'parameter-shift with random points inside evolutions that have a drift',
    accuracy: 'unbiased',
    runs: 'as parameter-shift; 2 · samples per Pauli string of an evolution with drift',
    source: 'Banchi and Crooks, Quantum 5, 386 (2021)',
    cells: linear,
  },
  {
    method: 'hadamard-test',
    summary: 'an ancilla controls the generator behind its gate',
    accuracy: 'exact',
    runs: 'P, one per Pauli string of a generator, on one more qubit',
    source: 'Guerreschi and Smelyanskiy, arXiv:1701.01450',
    cells: hadamard,
  },
  {
    method: 'reversed-hadamard-test',
    summary: 'an ancilla controls the observable, the circuit runs back, the generator is measured',
    accuracy: 'exact',
    runs: 'P per Pauli string of the observables, at most twice as long, on one more qubit',
    source: 'Li et al., arXiv:2408.05406',
    cells: reversed,
  },
  {
    method: 'finite-difference',
    summary: 'differences of results, for every kind of slot',
    accuracy: 'step',
    runs: '2E central, E + 1 one-sided; order · E for higher orders',
    source: 'Fornberg, Math. Comp. 51, 699 (1988)',
    cells: differences,
  },
  {
    method: 'spsa',
    summary: 'differences along random directions of all elements at once',
    accuracy: 'step',
    runs: '2 · samples, whatever E',
    source: 'Spall, IEEE Trans. Automat. Contr. 37, 332 (1992)',
    cells: differences,
  },
];

/**
 * Why a method cannot differentiate a kind of measurement on an engine, or undefined where it can.
 *
 * @param shots whether results are estimated from shots.
 * @example
 * ```ts
 * import { methodLimit } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const { capabilities } = reference();
 * console.log(methodLimit('adjoint', 'expval', false, capabilities)); // undefined
 * console.log(methodLimit('adjoint', 'expval', true, capabilities)); // adjoint differentiation needs the exact state, not shots
 * ```
 */
export function methodLimit(
  method: DifferentiationMethod,
  measurement: Measurement['type'],
  shots: boolean,
  capabilities: Capabilities,
): string | undefined {
  const row = differentiationMethods.find((candidate) => candidate.method === method)!;
  const cell = row.cells[measurement][shots ? 'shots' : 'exact'];
  if ('never' in cell) return cell.never;
  if (capabilities[cell.needs].includes(cell.measurement)) return undefined;
  if (cell.needs === 'adjoint')
    return `engine '${capabilities.engine}' has no adjoint differentiation of ${measurement}`;
  return `engine '${capabilities.engine}' cannot compute ${cell.measurement} ${cell.needs === 'shots' ? 'from shots' : 'exactly'}`;
}
