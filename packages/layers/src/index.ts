export { dataReuploading, fidelityLoss, labelStates } from './data-reuploading.ts';
export type { BlochVector, DataReuploadingOptions } from './data-reuploading.ts';
export { hybridParallel } from './hybrid-parallel.ts';
export type { HybridParallelOptions } from './hybrid-parallel.ts';
export { parallelCircuit } from './parallel-circuit.ts';
export type { ParallelCircuitOptions } from './parallel-circuit.ts';
export { fastWeightProgrammer } from './fast-weight-programmer.ts';
export type {
  BuiltFastWeightProgrammer,
  FastWeightProgrammer,
  FastWeightProgrammerOptions,
  Unrolled,
  UnrollOptions,
} from './fast-weight-programmer.ts';
export { quantumKinds } from './kinds.ts';
export { flippedQuanv } from './flipped-quanv.ts';
export type { FlippedQuanvOptions } from './flipped-quanv.ts';
export { hamiltonianEmbedding } from './hamiltonian-embedding.ts';
export type { HamiltonianEmbeddingOptions } from './hamiltonian-embedding.ts';
export { precompute } from './precompute.ts';
export type { PrecomputeOptions, Precomputed } from './precompute.ts';
export type { ProgramOptions } from './program.ts';
export { qcnn } from './qcnn.ts';
export type { Qcnn, QcnnOptions } from './qcnn.ts';
export { qgru, qgruCell } from './qgru.ts';
export { qlstm, qlstmCell } from './qlstm.ts';
export type { QlstmCellOptions, QlstmOptions, QlstmOutput } from './qlstm.ts';
export { qrnn, qrnnCell } from './qrnn.ts';
export { quantum } from './quantum.ts';
export type { QuantumOptions } from './quantum.ts';
export { quantumConv2d } from './quantum-conv2d.ts';
export type { QuantumConv2dOptions, SlidingOptions } from './quantum-conv2d.ts';
export { quanvolution, quanvolutionCircuit } from './quanvolution.ts';
export type { QuanvolutionCircuitOptions, QuanvolutionOptions } from './quanvolution.ts';
export { quantumFilter } from './quantum-filter.ts';
export type { QuantumFilterOptions } from './quantum-filter.ts';
export { quantumReservoir } from './quantum-reservoir.ts';
export type { QuantumReservoirOptions } from './quantum-reservoir.ts';
export type { RecurrentCellOptions, RecurrentOptions } from './recurrent/layer.ts';
export { quantumGraphConv } from './quantum-graph-conv.ts';
export type { QuantumGraphConvOptions } from './quantum-graph-conv.ts';
export { quantumTensorNetwork } from './quantum-tensor-network.ts';
export type { QuantumTensorNetworkOptions } from './quantum-tensor-network.ts';
export { readoutClassifier } from './readout-classifier.ts';
export type {
  PauliGenerator,
  ReadoutClassifier,
  ReadoutClassifierOptions,
} from './readout-classifier.ts';
export type { ConstantValues, SlotInitializers } from './slots.ts';
export { spinReservoir } from './spin-reservoir.ts';
export type { SpinReservoirOptions } from './spin-reservoir.ts';
export { variationalBlock } from './variational-block.ts';
export type { VariationalBlockOptions } from './variational-block.ts';
export { quantumLinear } from './quantum-linear.ts';
export type { QuantumLinearOptions } from './quantum-linear.ts';
