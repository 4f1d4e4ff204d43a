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
