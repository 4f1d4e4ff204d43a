export { checkGradients } from './check-gradients.ts';
export type { CheckGradientsOptions, GradientCheck, GradientChecks } from './check-gradients.ts';
export { differentiate } from './differentiate.ts';
export type { DifferentiateOptions } from './differentiate.ts';
export type {
  AsyncDifferentiatedProgram,
  DifferentiatedProgram,
  EstimateOptions,
  GradientEstimate,
} from './program.ts';
export { differentiationMethods, methodLimit } from './table.ts';
export type { MethodCell, MethodRow } from './table.ts';
export { shiftRule } from './shift/shift-rule.ts';
export type { Shift } from './shift/shift-rule.ts';
export { hessian } from './second/hessian.ts';
export type {
  AsyncHessianProgram,
  HessianMethod,
  HessianOptions,
  HessianProgram,
} from './second/hessian.ts';
export { metricTensor } from './metric/metric-tensor.ts';
export type {
  AsyncMetricTensorProgram,
  MetricMethod,
  MetricTensorOptions,
  MetricTensorProgram,
} from './metric/metric-tensor.ts';
export type { ParameterPlace } from './runner.ts';
export type {
  AsyncCircuitOptimizer,
  CircuitOptimizer,
  CircuitOptimizerInfo,
  CircuitOptimizerState,
} from './optimizers/contract.ts';
export { quantumNaturalGradient } from './optimizers/natural-gradient.ts';
export type { NaturalGradientOptions } from './optimizers/natural-gradient.ts';
export { qnSpsa } from './optimizers/qn-spsa.ts';
export type { QnSpsaOptions } from './optimizers/qn-spsa.ts';
export { rotosolve } from './optimizers/rotosolve.ts';
export type { RotosolveOptions } from './optimizers/rotosolve.ts';
export { spsaOptimizer } from './optimizers/spsa-optimizer.ts';
export type { SpsaOptimizerOptions } from './optimizers/spsa-optimizer.ts';
