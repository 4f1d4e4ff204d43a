export { checkGradients } from './check-gradients.ts';
export type { CheckGradientsOptions, GradientCheck, GradientChecks } from './check-gradients.ts';
export { differentiate } from './differentiate.ts';
export type {
  AsyncDifferentiatedProgram,
  DifferentiatedProgram,
  DifferentiateOptions,
} from './differentiate.ts';
export { shiftRule } from './shift-rule.ts';
export type { Shift } from './shift-rule.ts';
