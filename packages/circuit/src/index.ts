export * from './types.ts';
export { gate, gates } from './gates/table.ts';
export type { Gate, GateParameter, PauliFrame, PauliFrameRule } from './gates/gate.ts';
export { channel, channelKraus, channels } from './channels/table.ts';
export { pauliTransferMatrix } from './channels/channel.ts';
export type {
  Channel,
  ChannelParameter,
  PauliProbability,
  TransferEntry,
} from './channels/channel.ts';
export type { ChannelMethods } from './channels/methods.ts';
export { primitiveFrequencies, primitives } from './gates/primitives.ts';
export type { Primitive } from './gates/gate.ts';
export {
  AngleExpression,
  SlotReference,
  amplitudes,
  angle,
  hermitianSlot,
  input,
  weight,
} from './angle.ts';
export type { AngleFunctions, AngleLike, SlotOptions, UnnamedSlot } from './angle.ts';
export { anglePartials, angleSecondPartials, angleSlots, evaluateAngle } from './expression.ts';
export type { AnglePartial, AngleSecondPartial, SlotElement, SlotReader } from './expression.ts';
export { circuit } from './builder.ts';
export type { Builder, ConditionLike, NamedSlots, SlotRecord } from './builder.ts';
export type { ControlLike, GateMethods, GateOptions } from './gate-methods.ts';
export { interleavedMatrix } from './matrix-like.ts';
export type { AmplitudesLike, ComplexLike, MatrixLike } from './matrix-like.ts';
export {
  I,
  X,
  Y,
  Z,
  hermitian,
  pauli,
  projector,
  squaredMatrix,
  squaredPauli,
} from './observable.ts';
export type { PauliSum } from './observable.ts';
export {
  anticommutator,
  commutator,
  denseMatrix,
  groupCommuting,
  pauliDecomposition,
  pauliSum,
} from './pauli-algebra.ts';
export type { WeightedWord } from './pauli-algebra.ts';
export { chain, heisenberg, ising, maxCut, squareLattice, xxz } from './hamiltonians.ts';
export type {
  ChainOptions,
  Edge,
  HeisenbergOptions,
  IsingOptions,
  Lattice,
  XxzOptions,
} from './hamiltonians.ts';
export {
  counts,
  expval,
  probabilities,
  samples,
  state,
  densityOperator,
  successProbability,
  variance,
} from './measurement.ts';
export { draw } from './draw/text.ts';
export type { DrawOptions } from './draw/text.ts';
export { drawQuantikz } from './draw/quantikz.ts';
export type { DrawQuantikzOptions } from './draw/quantikz.ts';
export { drawSvg } from './draw/svg.ts';
export type { DrawSvgOptions } from './draw/svg.ts';
export {
  amplitudeEmbedding,
  amplitudeEmbeddingShape,
  angleEmbedding,
  angleEmbeddingShape,
  basisEmbedding,
  basisEmbeddingShape,
  iqpEmbedding,
  iqpEmbeddingShape,
} from './templates/embeddings.ts';
export type {
  AmplitudeEmbeddingOptions,
  AngleEmbeddingOptions,
  IqpEmbeddingOptions,
} from './templates/embeddings.ts';
export {
  basicEntanglerLayers,
  basicEntanglerLayersShape,
  hardwareEfficient,
  hardwareEfficientShape,
  randomLayers,
  randomLayersShape,
  stronglyEntanglingLayers,
  stronglyEntanglingLayersShape,
} from './templates/layers.ts';
export type {
  BasicEntanglerLayersOptions,
  Entanglement,
  HardwareEfficientOptions,
  RandomLayersOptions,
  StronglyEntanglingLayersOptions,
} from './templates/layers.ts';
export {
  convolutionLayer,
  convolutionLayerShape,
  poolingLayer,
  poolingLayerShape,
  quantumConvolution,
  quantumConvolutionShape,
  quantumPooling,
  quantumPoolingShape,
} from './templates/qcnn.ts';
export { trotter } from './templates/trotter.ts';
export type { TrotterOptions } from './templates/trotter.ts';
export type { TemplateMethods } from './templates/methods.ts';
export type {
  NestedAngles,
  RotationAxis,
  TemplateAngles,
  TemplateTarget,
} from './templates/target.ts';
export { qubitsOf, withQubits } from './ops.ts';
export { assembleCircuit } from './assemble.ts';
export { bind, compose, controlled, inverse } from './transform.ts';
export { deferMeasurements } from './defer/defer.ts';
export type { DeferOptions, DeferredBit, DeferredCircuit } from './defer/defer.ts';
export { decompose } from './transpile/decompose.ts';
export type { DecomposeOptions } from './transpile/decompose.ts';
export { eulerAngles } from './transpile/euler.ts';
export type { EulerAngles } from './transpile/euler.ts';
export { optimize } from './transpile/optimize.ts';
export type { OptimizeOptions } from './transpile/optimize.ts';
export { route } from './transpile/route.ts';
export type { CouplingMap, RoutedCircuit, RouteOptions } from './transpile/route.ts';
export { depth, specs } from './specs.ts';
export type { CircuitSpecs } from './specs.ts';
export { parseCircuit, requireCircuit, toJSON } from './json.ts';
