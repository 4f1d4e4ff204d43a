export type {
  AsyncCallOptions,
  AsyncEngine,
  AsyncProgram,
  Capabilities,
  CompileOptions,
  Cotangents,
  Counts,
  DifferentiationMethod,
  Engine,
  ExplainedPass,
  ExplainedStage,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Numbers,
  Program,
  ProgramInfo,
  ResultOf,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from './contract.ts';
export { asyncProgram } from './async-program.ts';
export { checkAlive, checkOut, checkVjpOptions } from './calls.ts';
export { checkProgram, outputShapes, readWrt } from './compile.ts';
export type { CheckedProgram } from './compile.ts';
export { readCotangents, readValues } from './values.ts';
export type { SlotValues } from './values.ts';
export { cpu } from './cpu/engine.ts';
export type { CpuOptions } from './cpu/engine.ts';
export { densityMatrix } from './density/engine.ts';
export { reference } from './reference/reference.ts';
export { sampleOutcomes } from './outcomes.ts';
export { measurementSettings } from './settings.ts';
export { estimateRun } from './estimate.ts';
export type { RunEstimateOptions, RunEstimate } from './estimate.ts';
export { withShots } from './shots.ts';
export type { CompileAnalytic, CompileShots, RunWithShots } from './shots.ts';
export { hosted } from './worker/hosted.ts';
export type { HostedOptions } from './worker/hosted.ts';
export { complexAmplitudes, ket } from './amplitudes.ts';
export { hermitianEigen } from './hermitian.ts';
export type { HermitianEigen } from './hermitian.ts';
export { reorderQubits, toLittleEndian } from './qubit-order.ts';
export type { QubitOrderOptions } from './qubit-order.ts';
export { mutualInformation, purity, renyiEntropy, vonNeumannEntropy } from './states/entropy.ts';
export { fidelity, relativeEntropy, traceDistance } from './states/distances.ts';
export type { RelativeEntropyOptions } from './states/distances.ts';
export {
  concurrence,
  entanglementOfFormation,
  logNegativity,
  negativity,
} from './states/entanglement.ts';
export type {
  EntropyOptions,
  QuantumState,
  StateOptions,
  SubsystemOptions,
} from './states/input.ts';
export { reducedDensity, schmidt } from './states/reduced.ts';
export type { SchmidtDecomposition } from './states/reduced.ts';
export { trajectories } from './trajectories/engine.ts';
export type { TrajectoriesOptions } from './trajectories/engine.ts';
export type {
  AsyncTrajectoryEngine,
  AsyncTrajectoryProgram,
  Estimate,
  TrajectoryEngine,
  TrajectoryProgram,
} from './trajectories/contract.ts';
export { applyHamiltonian, expectation } from './operators/operator.ts';
export type { Hamiltonian, HamiltonianOptions } from './operators/operator.ts';
export { evolve } from './operators/evolve.ts';
export type { EvolveOptions } from './operators/evolve.ts';
export { groundState } from './operators/lanczos.ts';
export type { GroundState, GroundStateOptions } from './operators/lanczos.ts';
export { applyLindbladian, lindbladian } from './operators/lindbladian.ts';
export type { JumpOperator, Lindbladian, LindbladTerms } from './operators/lindbladian.ts';
export { lindbladEvolve } from './operators/lindblad-evolve.ts';
export type { LindbladEvolveOptions } from './operators/lindblad-evolve.ts';
export { steadyState } from './operators/steady-state.ts';
export type { SteadyStateOptions } from './operators/steady-state.ts';
export { povmGenerator, sumGenerators } from './operators/povm-generator.ts';
export type { GeneratorBlock } from './operators/povm-generator.ts';
export {
  fourPauliPovm,
  povm,
  povmDensity,
  povmProbabilities,
  povmValues,
  tetrahedralPovm,
} from './states/povm.ts';
export type { Povm } from './states/povm.ts';
export { sparseMatrix } from './operators/sparse.ts';
export type { SparseMatrix, SparseSource } from './operators/sparse.ts';
export { classicalShadow } from './shadows/shadow.ts';
export type { ClassicalShadow, ClassicalShadowOptions } from './shadows/shadow.ts';
export { shadowDensity, shadowExpectation, shadowPurity, shadowSize } from './shadows/estimate.ts';
export type { ShadowExpectationOptions, ShadowSize } from './shadows/estimate.ts';
