export { rocAuc } from './auc.ts';
export { batches, gatherRows } from './batches.ts';
export type { BatchesOptions } from './batches.ts';
export type {
  Axis,
  Batch,
  BuiltLayer,
  DifferentiableMap,
  ForwardContext,
  InputGradients,
  Json,
  Layer,
  Loss,
  LossValues,
  MapInput,
  MaybePromise,
  Model,
  Optimizer,
  OptimizerState,
  Parameter,
  PassOptions,
  PassTrace,
  PerExampleGrads,
  ScaledGrads,
  Shape,
  ShapedArray,
  Tensor,
  ValueAndGrad,
  Want,
} from './contract.ts';
export { layerFromJSON } from './from-json.ts';
export {
  forward,
  inputGradients,
  lossValues,
  perExampleGrads,
  scaledGrads,
  tracePass,
  valueAndGrad,
} from './gradients.ts';
export * as initializers from './initializers.ts';
export type { Initializer, InitializerInput } from './initializers.ts';
export type { LayerKind, LayerKinds } from './kinds.ts';
export { gelu, relu, scale, sigmoid, softmax, tanh } from './layers/activations.ts';
export { adaptiveAvgPool2d } from './layers/adaptive-pool.ts';
export { avgPool2d, conv2d, maxPool2d } from './layers/convolution.ts';
export type { Conv2dOptions } from './layers/convolution.ts';
export { dense } from './layers/dense.ts';
export type { DenseOptions } from './layers/dense.ts';
export { dropout } from './layers/dropout.ts';
export { embedding, positionalEncoding, shiftRight } from './layers/embedding.ts';
export type { EmbeddingOptions } from './layers/embedding.ts';
export { external } from './layers/external.ts';
export type { ExternalOptions } from './layers/external.ts';
export { graphConv, graphMean } from './layers/graph.ts';
export type { GraphActivation, GraphConvOptions } from './layers/graph.ts';
export { batchNorm, layerNorm } from './layers/normalization.ts';
export type { BatchNormOptions, LayerNormOptions } from './layers/normalization.ts';
export { prefixed, sequential } from './layers/sequential.ts';
export { flatten, reshape } from './layers/shaping.ts';
export { multiHeadAttention, transformerEncoderLayer } from './layers/transformer.ts';
export type {
  MultiHeadAttentionOptions,
  TransformerEncoderLayerOptions,
} from './layers/transformer.ts';
export { binaryCrossEntropy, crossEntropy, hinge, lossNamed, mse } from './losses.ts';
export { couplingLayer, loadState, networkOf, stateOf } from './model.ts';
export * as ops from './ops/index.ts';
export type { AttentionOptions, GraphParts, RunningStatistics, SlideOptions } from './ops/index.ts';
export { optimizerFromJSON } from './optimizer-json.ts';
export { adam, adamw, rmsprop, sgd } from './optimizers.ts';
export type { AdamOptions, LearningRate, RmspropOptions, SgdOptions } from './optimizers.ts';
export { lbfgs } from './lbfgs.ts';
export type { Lbfgs, LbfgsOptions, LbfgsResult, LossAndGrads } from './lbfgs.ts';
export {
  loadSafetensors,
  safetensorsArrays,
  safetensorsHeader,
  saveSafetensors,
} from './safetensors.ts';
export type { SafetensorsArray, SafetensorsContent, SafetensorsType } from './safetensors.ts';
export * as schedules from './schedules.ts';
export type { Schedule } from './schedules.ts';
export { Tape } from './tape.ts';
export { freshRoom } from './scratch.ts';
export type { Room } from './scratch.ts';
export type { GradientMode, Rule, TapeGradients } from './tape.ts';
